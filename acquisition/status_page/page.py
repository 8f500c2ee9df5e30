"""The page itself: one document, nothing loaded from anywhere else."""

from __future__ import annotations

TITLE = "Attunement: does it record?"
STYLE = """
* { box-sizing: border-box; margin: 0; }
body { font: 18px/1.4 system-ui, sans-serif; background: #14171a; color: #f2f2f2; padding: 16px;
  max-width: 760px; margin: 0 auto; }
body.alarm { background: #8a0f0f; color: #ffffff; }
h1 { font-size: 34px; line-height: 1.15; padding: 8px 0; }
#clock { font-size: 56px; font-variant-numeric: tabular-nums; }
ul { list-style: none; padding: 0; margin: 12px 0; }
li { display: flex; gap: 10px; justify-content: space-between; align-items: baseline; padding: 12px;
  border: 1px solid #6b747c; border-radius: 8px; margin-bottom: 8px; }
li b { font-weight: 600; }
li.lost { background: #ffffff; color: #8a0f0f; font-weight: 700; }
li.low { border-color: #ffd166; color: #ffd166; }
.dim { opacity: .85; }
button { font: inherit; color: inherit; background: none; border: 2px solid currentColor; border-radius: 8px;
  padding: 12px 16px; width: 100%; margin: 8px 0; }
p { margin: 8px 0; }
"""
SCRIPT = """
const $ = (id) => document.getElementById(id);
const clock = (s) => { if (s === null) return "–"; const p = (n) => String(n).padStart(2, "0");
  return Math.floor(s / 3600) + ":" + p(Math.floor(s / 60) % 60) + ":" + p(s % 60); };
let heard = performance.now(), alarmed = false, silenced = false, sound = null, awake = null;
function cry() {
  if (!alarmed || silenced) return;
  if (navigator.vibrate) navigator.vibrate([400, 150, 400]);
  if (sound) { for (const at of [0, 0.35]) { const tone = sound.createOscillator(), gain = sound.createGain();
    gain.gain.value = 0.3; tone.frequency.value = 880; tone.connect(gain).connect(sound.destination);
    tone.start(sound.currentTime + at); tone.stop(sound.currentTime + at + 0.2); } }
}
function alarm(on) {
  if (on && !alarmed) { alarmed = true; silenced = false; cry(); }
  if (!on) alarmed = false;
  document.body.classList.toggle("alarm", on);
  $("hush").hidden = !on || silenced;
}
function show(now) {
  $("head").textContent = now.head;
  document.title = now.head;
  $("clock").textContent = clock(now.elapsed);
  $("devices").replaceChildren(...now.devices.map((d) => { const row = document.createElement("li");
    row.className = d.level; const name = document.createElement("b"), word = document.createElement("span");
    name.textContent = d.who + " · " + d.what;
    word.textContent = d.word + (d.battery === null ? "" : ", battery " + d.battery + " %");
    row.append(name, word); return row; }));
  $("disk").textContent = now.disk === null ? "" : "disk: " + now.disk;
  $("marker").textContent = "last marker: " + (now.marker === null ? "none yet" : clock(now.marker));
  alarm(now.alarm);
}
function listen() {
  const events = new EventSource("events");
  events.onmessage = (e) => { heard = performance.now(); show(JSON.parse(e.data)); };
}
document.addEventListener("click", async () => {
  sound = sound || new (window.AudioContext || window.webkitAudioContext)();
  sound.resume();
  if (alarmed) silenced = true;
  $("hush").hidden = true;
  $("tap").hidden = true;
  try { awake = awake || await navigator.wakeLock.request("screen"); } catch { awake = null; }
});
const look = $("look");
if (look) look.addEventListener("click", async () => {
  const answer = await fetch("looked", { method: "POST" });
  look.textContent = answer.ok ? "marked: technician looks" : "NOT MARKED";
  setTimeout(() => { look.textContent = "mark: technician looks"; }, 4000);
});
setInterval(() => { if (performance.now() - heard > 3000) {
  show({ head: "NO CONNECTION", elapsed: null, devices: [], disk: null, marker: null, alarm: true });
} }, 500);
setInterval(cry, 3000);
listen();
"""
LOOK = '<button id="look">mark: technician looks</button>'


def page(nonce: str, *, marks: bool) -> str:
    """Return the page; its script and style carry the nonce, and nothing else may run."""
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{TITLE}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><link rel="icon" href="data:,">
<style nonce="{nonce}">{STYLE}</style></head>
<body>
<main><h1 id="head" aria-live="assertive">connecting</h1>
<div id="clock" aria-label="time since the start">–</div></main>
<ul id="devices" aria-label="devices"></ul>
<p id="marker"></p><p id="disk"></p>
{LOOK if marks else ""}
<p id="tap" class="dim">Tap the page once, so that this phone may sound and vibrate. Keep it open.</p>
<p id="hush" hidden>Tap to silence.</p>
<p class="dim">States of devices only: nothing that is measured is sent here.</p>
<script nonce="{nonce}">{SCRIPT}</script>
</body></html>"""


def entrance(nonce: str) -> str:
    """Return the page behind the QR code: it hands the token in only from a browser that runs it."""
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{TITLE}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">
<style nonce="{nonce}">{STYLE}</style></head>
<body><h1>Attunement</h1><form method="post"><button>Show whether it records</button></form>
<script nonce="{nonce}">document.forms[0].submit();</script></body></html>"""


def refusal(nonce: str) -> str:
    """Return what is shown to who has no key, or one that was used."""
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{TITLE}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">
<style nonce="{nonce}">{STYLE}</style></head>
<body><h1>Not open</h1>
<p>This link was used or is too old. Scan the newest code on the recording computer.</p></body></html>"""
