"""What `tipd check` finds wrong with spamtraps."""

from tipd.modules.spamtrap.checking import faults_of
from tipd.modules.spamtrap.settings import AgentSource, ArchiveSettings, SpamtrapSettings


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
