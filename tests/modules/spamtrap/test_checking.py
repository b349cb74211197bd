"""What `tipd check` finds wrong with spamtraps."""

from tipd.modules.spamtrap.checking import faults_of, faults_of_sharing
from tipd.modules.spamtrap.settings import AgentSource, ArchiveSettings, SharingSettings, SpamtrapSettings


def test_names_files_and_knowledge(tmp_path):
    (tmp_path / "own.toml").write_text("[[relay]]\nname = ['a.example']\n")
    settings = SpamtrapSettings(
        archives=(ArchiveSettings(name="ipsum", path=str(tmp_path / "gone")),),
        agents=(AgentSource(name="mx1", url="https://mx1.example", token_file=str(tmp_path / "no.token")),),
        knowledge_dirs=(str(tmp_path),),
    )
    found = faults_of(settings, {"ipsum"})
    assert [fault.partition(": ")[2].partition(" ")[0] for fault in found] != []
    text = "\n".join(found)
    assert "own.toml:1: relay[0]" in text and "`reason`" in text
    assert "modules.spamtrap.archives[0].name: there is a blacklist of the name 'ipsum'" in text
    assert "modules.spamtrap.archives[0].path: there is no" in text
    assert "modules.spamtrap.agents[0].token_file: there is no file" in text
    assert len(found) == 4


def test_nothing_is_wrong_with_what_is_right():
    assert faults_of(SpamtrapSettings(), frozenset()) == []


def test_what_keeps_sharing_from_serving_is_said():
    traps = SpamtrapSettings(agents=(AgentSource(name="mx1", url="https://mx1.example"),))
    assert faults_of_sharing(SharingSettings(listen="[::]:8473"), traps) == []  # not enabled
    assert faults_of_sharing(SharingSettings(enabled=True, agents=("mx1",)), traps) == []
    (open_to_all,) = faults_of_sharing(SharingSettings(enabled=True, listen="[::]:8473"), traps)
    assert open_to_all.startswith("sharing.listen: [::]:8473 is not loopback")
    files = {"tls_cert_file": "/no/tls.pem", "tls_key_file": "/no/tls.key"}
    found = faults_of_sharing(SharingSettings(enabled=True, agents=("mx2",), listen="[::]:8473", **files), traps)
    assert [fault.split(":")[0] for fault in found] == ["sharing.agents", "sharing.tls_cert_file"]
    assert "/no/tls.pem" in found[1] and "tipd sharing certificate" in found[1]
    assert "no address" in faults_of_sharing(SharingSettings(enabled=True, listen="8473"), traps)[0]
