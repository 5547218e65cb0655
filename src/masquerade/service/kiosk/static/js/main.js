// Joins the parts: camera and link in, message, mirror, counts and sound out.
import { Announcer } from "./announcer.js";
import { Backoff } from "./backoff.js";
import { Camera } from "./camera.js";
import { Chime } from "./chime.js";
import { Controls, wish } from "./controls.js";
import { Fit } from "./fit.js";
import { Frames } from "./frames.js";
import { Freshness } from "./freshness.js";
import { Languages } from "./languages.js";
import { FeedLink, SessionLink } from "./links.js";
import { Audience, Episodes, messageFor, Steady } from "./messages.js";
import { Screen } from "./screen.js";
import { openSession, setup } from "./service.js";

const ASK_AGAIN = 3600000; // the setup, and with it the session's cookie, is renewed in time
const HIDDEN = 10000; // a page that nobody sees lets go of its session
const STALE = { browser: 3000, server: 6000 }; // the service tells by itself of a camera that stalls
const RUNG = 1200;
const SECURE = "masquerade serve --certfile … --keyfile …";
const address = new URLSearchParams(location.search);
const part = (id) => document.getElementById(id);
const view = {
  camera: "start", why: "", link: "connecting", source: { state: "online", reason: "" }, people: [], stale: false, busy: false,
  broken: "",
};
const config = { camera: "browser", side: 640, fps: 10, counts: false };

const chime = new Chime(wish("sound", address));
const controls = new Controls(address, chime, render);
const languages = new Languages(part("language"), render);
const announcer = new Announcer(part("polite"), part("urgent"));
const fit = new Fit(document.documentElement, part("title"));
const frames = new Frames(part("frames"));
const screen = new Screen();
const steady = new Steady();
const audience = new Audience();
const episodes = new Episodes();
const freshness = new Freshness();
const camera = new Camera(part("video"), (state) => {
  view.camera = state;
  view.why = state === "insecure" ? `${location.origin} → ${SECURE}` : camera.why;
  if (state === "on") link?.hurry();
  else forget();
  render();
});
let link = null;
let begun = 0; // an answer that was asked for before a key was given does not hold
let shown = { key: "" };
let sounded = ""; // the tone of the message that a chime went with, until that message is shown
let ringing = 0;
let counted = false; // nothing is shown before the service has told its counts

function forget() {
  lookAway();
  view.busy = false;
  view.broken = "";
}

function lookAway() {
  view.people = [];
  frames.show([], 0, 0);
}

function linked(state) {
  view.link = state;
  if (state !== "on") {
    forget();
    view.source = { state: "online", reason: "" };
  }
  if (state === "lost") checkKey();
  render();
}

/** A connection that is refused does not tell why: ask whether it is for want of a key. */
async function checkKey() {
  const before = begun;
  if ((await setup()) === "key" && before === begun) askForKey();
}

function askForKey() {
  link?.stop();
  view.link = "key";
  forget();
  render();
  if (document.activeElement === document.body) part("key").focus();
}

function heard(message) {
  if (message.day) showCounts(message.day);
  if (message.camera) view.source = message.camera;
  if (message.type === "error") failed(message.error);
  if (message.type === "snapshot") saw(message);
  render();
}

function saw({ time, width, height, people }) {
  freshness.mark();
  view.stale = false;
  view.busy = false;
  view.broken = "";
  view.people = audience.take(people);
  frames.show(view.people, width, height);
  const sound = episodes.update(time, view.people);
  if (!sound) return;
  chime.play(sound);
  sounded = sound;
}

/** Forgets whom it saw when nothing newer has come, and begins anew where the machine slept meanwhile. */
function tick() {
  if (freshness.slept() && !document.hidden && link?.running) {
    link.stop();
    link.start();
  }
  if (freshness.stale && view.people.length) lookAway();
  view.stale = freshness.stale;
  render();
}

/** A frame could not be looked at: too much to do, a moment's matter, or a service that is not well. */
function failed(error) {
  if (["key_required", "scope_missing"].includes(error.code)) checkKey();
  else if (["busy", "not_ready"].includes(error.code)) view.busy = !view.people.length;
  else if (!error.code.startsWith("image_")) view.broken = error.message;
}

function showCounts(day) {
  counted = true;
  for (const cell of document.querySelectorAll("[data-count]")) {
    const text = day[cell.dataset.count].toLocaleString(languages.code || "en");
    if (cell.textContent !== text) cell.textContent = text;
  }
}

/** Shows what is known now. */
function render() {
  if (!languages.code) return;
  const next = steady.take(messageFor(view));
  const say = (key) => languages.text(key);
  for (const place of document.querySelectorAll("[data-words]")) write(place, say(place.dataset.words));
  part("language").setAttribute("aria-label", say("control.language"));
  const kept = [config.events && "privacy.events", config.alerts && "privacy.alerts"].filter(Boolean);
  const where = isHere() && config.camera === "browser" ? "privacy.here" : "privacy.service"; // cameras may be far away
  write(part("privacy"), [where, ...kept].map(say).join(" "));
  document.title = say("page.title");
  document.documentElement.dataset.tone = next.tone;
  const again = next.tone === sounded;
  if (again) {
    sounded = "";
    ring();
  }
  if (again || next.key !== shown.key) {
    part("message").classList.remove("new");
    requestAnimationFrame(() => part("message").classList.add("new"));
  }
  part("icon").setAttribute("href", `#icon-${next.icon}`);
  write(part("title"), say(`${next.key}.title`));
  const line = say(next.several ? "several.line" : `${next.key}.line`);
  write(part("line"), line);
  write(part("detail"), next.detail ?? "");
  part("detail").hidden = !next.detail;
  part("keys").hidden = next.key !== "key";
  part("go").hidden = !["start", "refused", "absent", "occupied"].includes(next.key);
  write(part("go"), say(next.key === "start" ? "start.button" : "again.button"));
  const mirrored = config.camera === "browser" && controls.picture && view.camera === "on" && view.link !== "key";
  part("mirror").hidden = !mirrored;
  document.body.classList.toggle("mirrored", mirrored);
  part("show-picture").hidden = config.camera !== "browser";
  part("counts").hidden = !(config.counts && controls.counts && counted);
  part("show-counts").hidden = !config.counts;
  controls.waiting = chime.blocked;
  part("sound-icon").setAttribute("href", chime.on && !chime.blocked ? "#icon-sound" : "#icon-silent");
  part("sound").classList.toggle("silent", chime.blocked);
  write(part("sound").querySelector("span"), say(chime.blocked ? "control.silent" : "control.sound"));
  for (const button of document.querySelectorAll(".controls button")) button.title = button.textContent.trim();
  controls.show();
  fit.take(`${next.key} ${line} ${next.detail ?? ""} ${mirrored} ${part("counts").hidden}`, controls.size !== "100");
  announcer.take(next, said, again);
  shown = next;
}

/** What a screen reader is to say now, and in which languages. */
function said() {
  const text = (id) => part(id).textContent;
  return [[`${text("title")} ${text("line")}`.trim(), languages.code], [text("detail"), part("detail").lang]];
}

/** What a chime says to the eye, with or without sound. */
function ring() {
  document.body.classList.add("rung");
  clearTimeout(ringing);
  ringing = setTimeout(() => document.body.classList.remove("rung"), RUNG);
}

function write(place, text) {
  if (place.textContent !== text) place.textContent = text;
}

function isHere() {
  return ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);
}

/** Sends the newest frame whenever the one before was answered: there is never a line of frames. */
async function pump() {
  for (;;) {
    const started = performance.now();
    await camera.next();
    if (link?.open && view.camera === "on" && !document.hidden) {
      const frame = await camera.jpeg(config.side).catch(() => null);
      if (frame && frame.size <= config.max_bytes) await link.ask(frame);
    }
    const left = 1000 / config.fps - (performance.now() - started);
    if (left > 0) await new Promise((done) => { setTimeout(done, left); });
  }
}

async function openCamera() {
  await camera.open();
  if (!link.running) link.start();
}

async function begin() {
  begun += 1;
  const backoff = new Backoff();
  for (;;) {
    const told = await setup();
    if (told === "key") {
      askForKey();
      return;
    }
    if (told) {
      Object.assign(config, told);
      freshness.limit = STALE[config.camera];
      break;
    }
    view.link = "lost";
    render();
    await new Promise((done) => { setTimeout(done, backoff.next()); });
  }
  view.link = "connecting";
  await languages.configure(config.languages, config.turn);
  link ??= config.camera === "server" ? new FeedLink(linked, heard) : new SessionLink(linked, heard);
  if (config.camera === "server") {
    view.camera = "on";
    link.start();
  } else if (camera.state === "on") {
    if (!link.running) link.start();
  } else if (await Camera.allowed()) {
    await openCamera();
  } else if (!navigator.mediaDevices) {
    camera.say("insecure");
  } else if (camera.state && !link.running) {
    link.start(); // a key was asked for while the camera was in trouble
  }
  render();
}

/** The first touch lets the page sound; one of the sound's own button is a wish, which that button sees to. */
async function touched(event) {
  if (chime.blocked && !part("sound").contains(event.target)) {
    await chime.wake();
    render();
  }
}

let away = 0;
document.addEventListener("visibilitychange", () => {
  clearTimeout(away);
  if (!link || view.link === "key") return;
  if (document.hidden) away = setTimeout(() => link.stop(), HIDDEN);
  else if (!link.running && view.camera !== "start") link.start();
});
part("go").onclick = openCamera;
part("keys").onsubmit = async (event) => {
  event.preventDefault();
  const wrong = await openSession(part("key").value);
  part("key").value = "";
  part("key").setAttribute("aria-invalid", String(Boolean(wrong)));
  part("wrong").hidden = !wrong;
  if (wrong) part("wrong").dataset.words = wrong;
  render();
  if (wrong) part("key").focus();
  else await begin();
};
for (const kind of ["pointerdown", "keydown"]) document.addEventListener(kind, touched, { capture: true, passive: true });
setInterval(tick, 250); // lets a message that has been read, or no longer holds, go
setInterval(checkKey, ASK_AGAIN);

await languages.begin(address.get("lang") ?? "", navigator.languages);
screen.keepOn();
chime.wake().then(() => render());
begin();
pump();
