"use strict";
// The live page: one websocket, resumed from the last cursor. What comes from lists is only ever set as text.
(() => {
  const page = document.getElementById("live");
  const rows = document.getElementById("rows");
  const nothing = document.getElementById("nothing");
  const want = document.getElementById("want");
  const contains = document.getElementById("contains");
  const pause = document.getElementById("pause");
  const watch = document.getElementById("watch"); // not there where nothing is watched
  const link = document.getElementById("link");
  const linkText = document.getElementById("link-text");
  const pulse = document.getElementById("pulse");
  const most = Number(page.dataset.most);
  const counts = { listed: 0, delisted: 0, other: 0 };
  const beats = new Array(60).fill(0); // findings in five seconds each
  let last = page.dataset.last === "" ? null : Number(page.dataset.last);
  let held = []; // while paused
  let attempt = 0;

  const say = (state, text) => { link.dataset.state = state; linkText.textContent = text; };
  const short = (kind) => kind === "indicator.listed" ? "listed" : kind === "indicator.delisted" ? "delisted" : "other";

  function cell(row, name) {
    const made = document.createElement("td");
    if (name) made.className = name;
    row.append(made);
    return made;
  }
  function piece(parent, tag, name, text) {
    const made = document.createElement(tag);
    if (name) made.className = name;
    made.textContent = text;
    parent.append(made);
    return made;
  }
  function told(finding) {
    const facts = finding.data || {};
    if (finding.kind === "source.loaded") return Number(facts.entries || 0).toLocaleString("en") + " entries";
    if (finding.kind === "spam.campaign") return tame(Number(facts.mails || 0).toLocaleString("en") + " mails: " + (facts.subject || "without a subject"));
    const version = facts.version ? "version " + facts.version : "";
    const mails = typeof facts.records === "number" ? facts.records.toLocaleString("en") + " mails" : "";
    return tame([version, facts.new || facts.reason, facts.why || facts.error || facts.detail, mails].filter(Boolean).join(": "));
  }
  function tame(text) { // what cannot be seen, or turns the direction of writing, is spelled out
    return text.slice(0, 300).replace(/[^\P{C}]|[^\P{Z} ]/gu, (sign) => "\\u" + sign.codePointAt(0).toString(16).padStart(4, "0"));
  }
  function about(parent, finding) { // the campaign that a finding tells of, as a link
    const name = (finding.data || {}).campaign;
    if (!finding.kind.startsWith("spam.") || !/^[0-9a-f]{16}$/.test(name)) return false;
    piece(parent, "a", "", finding.subject ? "campaign" : told(finding)).href = "/campaigns/" + name;
    return true;
  }
  function badge(parent, name, text, title) {
    parent.append(" ");
    piece(parent, "span", "badge badge-" + name, text).title = title;
  }
  function badges(parent, finding) {
    for (const name of finding.watches || []) badge(parent, "watch", name, "a watch of yours");
    if (finding.allowed) badge(parent, "allowed", "allowed", "your allowlist covers it");
    if (finding.tlp) {
      badge(parent, "tlp badge-tlp-" + finding.tlp.split("+")[0], "TLP:" + finding.tlp.toUpperCase(), "Traffic Light Protocol");
    }
  }
  function rowOf(finding) {
    const row = document.createElement("tr");
    row.dataset.kind = finding.kind;
    row.className = "fresh";
    const time = piece(cell(row, "time"), "time", "", finding.at.slice(0, 19).replace("T", " "));
    time.dateTime = finding.at;
    piece(cell(row), "span", "kind kind-" + short(finding.kind), finding.kind);
    const subject = cell(row, "subject");
    if (finding.subject) {
      const a = piece(subject, "a", "", finding.subject.value);
      a.href = "/lookup?value=" + encodeURIComponent(finding.subject.value);
      subject.append(" ");
      const reason = (finding.data || {}).reason;
      piece(subject, "span", "dim", finding.subject.kind + (reason ? " · " + reason : ""));
      subject.append(" ");
      about(subject, finding);
    } else if (!about(subject, finding)) {
      piece(subject, "span", "dim", told(finding));
    }
    badges(subject, finding);
    cell(row).textContent = finding.source || finding.module;
    return row;
  }
  function fits(row) {
    return row.dataset.kind.startsWith(want.value) &&
      (contains.value === "" || row.textContent.toLowerCase().includes(contains.value.toLowerCase()));
  }
  function filter() {
    let shown = 0;
    for (const row of rows.children) { row.hidden = !fits(row); shown += row.hidden ? 0 : 1; }
    nothing.hidden = shown > 0;
  }
  function show(findings) {
    const fresh = document.createDocumentFragment();
    for (const finding of findings.slice(-most).reverse()) {
      const row = rowOf(finding);
      row.hidden = !fits(row);
      fresh.append(row);
    }
    rows.prepend(fresh);
    while (rows.children.length > most) rows.lastElementChild.remove();
    nothing.hidden = rows.querySelector("tr:not([hidden])") !== null;
  }
  function count(findings) {
    for (const finding of findings) counts[short(finding.kind)] += 1;
    beats[beats.length - 1] += findings.length;
    for (const name of Object.keys(counts)) {
      document.getElementById("seen-" + name).textContent = counts[name].toLocaleString("en").replaceAll(",", "\u202f");
    }
    draw();
  }
  function draw() {
    const highest = Math.max(1, ...beats);
    pulse.replaceChildren(...beats.map((beat, number) => {
      const bar = document.createElementNS("http://www.w3.org/2000/svg", "rect");
      const height = beat ? 4 + 44 * Math.sqrt(beat / highest) : 1.5;
      bar.setAttribute("x", number * 4);
      bar.setAttribute("y", 48 - height);
      bar.setAttribute("width", 3);
      bar.setAttribute("height", height);
      bar.setAttribute("opacity", beat ? 1 : 0.3);
      return bar;
    }));
  }
  function take(message) {
    if (message.type === "gap") { last = message.since; return; }
    if (message.type !== "findings") return;
    last = message.last;
    count(message.findings);
    if (pause.getAttribute("aria-pressed") === "true") {
      held = held.concat(message.findings).slice(-most);
      pause.textContent = "Go on (" + held.length + ")";
    } else {
      show(message.findings);
    }
  }
  function connect() {
    const address = new URL("/api/v1/stream", location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    if (last !== null) address.searchParams.set("since", last);
    address.searchParams.set("initial", "false"); // what a first round loads is no news
    if (page.dataset.watch) address.searchParams.set("watch", page.dataset.watch);
    if (page.dataset.tag) address.searchParams.append("tag", page.dataset.tag);
    const socket = new WebSocket(address);
    let opened = false;
    socket.addEventListener("open", () => { opened = true; attempt = 0; say("live", "live"); });
    socket.addEventListener("message", (frame) => take(JSON.parse(frame.data)));
    socket.addEventListener("close", () => {
      if (!opened) { check(); }
      attempt += 1;
      const wait = Math.min(30, 2 ** Math.min(attempt, 5)) * (0.5 + Math.random() / 2);
      say("lost", "reconnecting");
      setTimeout(connect, wait * 1000);
    });
  }
  async function check() { // the session may have ended, or the log may have begun anew
    try {
      const answer = await fetch("/api/v1/findings?limit=1" + (last === null ? "" : "&since=" + last));
      if (answer.status === 401) location.assign("/login");
      if (answer.status === 410) last = (await answer.json()).last;
      if (answer.status === 200 && page.dataset.watch) checkWatch();
    } catch { /* tipd is away; the next attempt tells */ }
  }

  async function checkWatch() { // it may have been taken out of the configuration
    const told = await (await fetch("/api/v1/watches")).json();
    if (page.dataset.watch !== "*" && !told.watches.includes(page.dataset.watch)) location.assign("/");
  }

  want.addEventListener("change", filter);
  if (watch) watch.addEventListener("change", () => {
    location.assign(watch.value ? "/?watch=" + encodeURIComponent(watch.value) : "/");
  });
  contains.addEventListener("input", filter);
  pause.addEventListener("click", () => {
    const paused = pause.getAttribute("aria-pressed") === "true";
    pause.setAttribute("aria-pressed", String(!paused));
    pause.textContent = paused ? "Pause" : "Go on";
    if (paused) { show(held); held = []; }
  });
  setInterval(() => { beats.shift(); beats.push(0); draw(); }, 5000);
  draw();
  connect();
})();
