// Words in several languages, and which of them is shown.
import { remember, remembered } from "./prefs.js";

export const KNOWN = ["ar", "de", "en", "es", "fr", "it", "ja", "nl", "pl", "pt", "ru", "tr", "uk", "zh"];
const NATIVE = {
  ar: "العربية", de: "Deutsch", en: "English", es: "Español", fr: "Français", it: "Italiano", ja: "日本語",
  nl: "Nederlands", pl: "Polski", pt: "Português", ru: "Русский", tr: "Türkçe", uk: "Українська", zh: "中文",
};
const TURNS = "turns";

/** The known codes in a list such as "de,en" or ["de-AT", "en"]. */
export function known(codes) {
  const list = typeof codes === "string" ? codes.split(",") : codes;
  return [...new Set(list.map((code) => code.trim().toLowerCase().split("-")[0]))].filter((code) => KNOWN.includes(code));
}

export class Languages {
  /** @param told is called whenever other words are to be shown. */
  constructor(select, told, load = loadWords) {
    Object.assign(this, { select, told, load, turns: [], seconds: 8, timer: 0, words: {}, code: "", wish: 0 });
    select.addEventListener("change", () => this.choose(select.value));
  }

  /** Begins: by the address (?lang=), else what was chosen here before, else the service's setting, else the browser's. */
  async begin(asked, browser) {
    this.asked = known(asked);
    const chosen = remembered("language", "");
    const first = this.asked[0] ?? (KNOWN.includes(chosen) ? chosen : known(browser)[0]) ?? "en";
    if (this.asked.length > 1) this.turns = this.asked;
    this.list();
    await this.show(first);
    this.turn();
  }

  /** Takes the service's setting; an address or a choice that was made here goes before it. */
  async configure(languages, seconds) {
    this.seconds = seconds;
    const wanted = known(languages);
    if (!this.asked.length && wanted.length) {
      if (wanted.length > 1) this.turns = wanted;
      this.list();
      if (!KNOWN.includes(remembered("language", ""))) await this.show(wanted[0]);
    }
    this.turn();
  }

  list() {
    const options = KNOWN.map((code) => new Option(NATIVE[code], code));
    options.forEach((option) => { option.lang = option.value; });
    if (this.turns.length > 1) options.unshift(new Option(this.turns.map((code) => NATIVE[code]).join(" ⇄ "), TURNS));
    this.select.replaceChildren(...options);
  }

  async choose(value) {
    remember("language", value);
    if (value !== TURNS) await this.show(value);
    this.turn();
  }

  get turning() {
    if (this.turns.length < 2) return false;
    return this.asked.length > 1 && !this.touched ? true : !KNOWN.includes(remembered("language", ""));
  }

  turn() {
    clearInterval(this.timer);
    this.select.value = this.turning ? TURNS : this.code;
    if (!this.turning) return;
    this.timer = setInterval(() => {
      this.show(this.turns[(this.turns.indexOf(this.code) + 1) % this.turns.length]);
    }, 1000 * this.seconds);
  }

  async show(code) {
    const wish = (this.wish += 1);
    let words;
    try {
      words = await this.load(code);
    } catch {
      if (this.code) return; // the words that are shown stay
      words = await this.load("en");
    }
    if (wish !== this.wish) return; // another language was asked for meanwhile
    this.words = words;
    this.code = code;
    if (!this.turning) this.select.value = code;
    document.documentElement.lang = code;
    document.documentElement.dir = words.dir;
    this.told();
  }

  text(key) {
    return this.words[key] ?? "";
  }
}

const loaded = new Map();
async function loadWords(code) {
  if (!loaded.has(code)) {
    const answer = await fetch(`/static/kiosk/lang/${code}.json`);
    if (!answer.ok) throw new Error(`no words in ${code}`);
    loaded.set(code, await answer.json());
  }
  return loaded.get(code);
}
