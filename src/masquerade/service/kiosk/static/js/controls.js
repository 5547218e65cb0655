// The bar's buttons; each choice is remembered in this browser.
import { remember, remembered } from "./prefs.js";
import { Screen } from "./screen.js";

const SIZES = ["100", "150", "200"];
const OFF = ["0", "no", "off", "false"];

/** A choice: the address goes before what is remembered. */
export function wish(name, address) {
  return !OFF.includes(address.get(name) ?? remembered(name, "1"));
}

export class Controls {
  /** @param changed is called after each choice. */
  constructor(address, chime, changed) {
    Object.assign(this, { chime, changed });
    this.counts = wish("counts", address);
    this.picture = wish("picture", address);
    this.size = SIZES.find((size) => size === (address.get("size") ?? remembered("size", ""))) ?? SIZES[0];
    const button = (id) => document.getElementById(id);
    this.buttons = { sound: button("sound"), size: button("size"), counts: button("show-counts"), picture: button("show-picture"), full: button("full") };
    this.buttons.sound.onclick = () => this.sound();
    this.buttons.size.onclick = () => this.set("size", SIZES[(SIZES.indexOf(this.size) + 1) % SIZES.length]);
    this.buttons.counts.onclick = () => this.set("counts", !this.counts);
    this.buttons.picture.onclick = () => this.set("picture", !this.picture);
    this.buttons.full.onclick = () => Screen.toggleFull();
    this.buttons.full.hidden = !Screen.canFill;
    document.addEventListener("fullscreenchange", () => this.show());
    this.show();
  }

  set(name, value) {
    this[name] = value;
    remember(name, typeof value === "boolean" ? String(Number(value)) : value);
    this.show();
    this.changed();
  }

  async sound() {
    if (!this.waiting) this.chime.on = !this.chime.on;
    remember("sound", String(Number(this.chime.on)));
    await this.chime.wake();
    this.chime.play("thanks");
    this.waiting = false;
    this.changed();
  }

  show() {
    const pressed = { sound: this.chime.on, size: this.size !== SIZES[0], counts: this.counts, picture: this.picture, full: Boolean(document.fullscreenElement) };
    for (const [name, on] of Object.entries(pressed)) this.buttons[name].setAttribute("aria-pressed", String(on));
    document.documentElement.dataset.size = this.size;
  }
}
