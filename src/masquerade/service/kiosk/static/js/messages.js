// From what is known to what is said. No clock, no page: values in, values out.
const WRONG = ["without_mask", "incorrect"];
const ICONS = {
  welcome: "welcome", moment: "moment", starting: "moment", thanks: "thanks", put_on: "put_on", nose: "nose",
  nose_mouth: "nose_mouth", mouth: "nose_mouth", chin: "chin", adjust: "put_on", start: "camera", server: "no-link",
  full: "no-link", broken: "no-link", key: "key", source_opening: "moment", asking: "camera",
};
const DWELL = 1500; // milliseconds that a reminder is shown before it gives way to another reminder

function message(key, tone, extra = {}) {
  return { key, tone, icon: ICONS[key] ?? "no-camera", ...extra };
}

/** What a person whose mask is worn wrongly is asked to cover. */
export function toCover(shows) {
  const [nose, mouth, chin] = ["nose", "mouth", "chin"].map((part) => shows.includes(part));
  if (nose && mouth) return "nose_mouth";
  if (nose) return chin ? "adjust" : "nose";
  if (mouth) return chin ? "adjust" : "mouth";
  return chin ? "chin" : "adjust";
}

/** The sign beside somebody's face. */
export function signOf(person) {
  if (person.wearing === "incorrect") return ICONS[toCover(person.shows)];
  return { with_mask: "thanks", without_mask: "put_on" }[person.wearing] ?? "moment";
}

/** Who is spoken to: those at the door, not those far behind them, whose faces are much smaller. */
export class Audience {
  /** @param enter, leave parts of the largest face's height from which somebody is spoken to, and no longer. */
  constructor(enter = 0.4, leave = 0.3) {
    Object.assign(this, { enter, leave, numbers: new Set() });
  }

  take(people) {
    const height = ({ box }) => box[3] - box[1];
    const largest = Math.max(0, ...people.map(height));
    const near = (person) => height(person) >= largest * (this.numbers.has(person.number) ? this.leave : this.enter);
    const here = people.filter(near);
    this.numbers = new Set(here.map((person) => person.number));
    return here;
  }
}

/** The one who needs reminding most decides: no mask, then more parts that show, then not yet known, then thanks. */
export function aboutPeople(people) {
  if (!people.length) return message("welcome", "calm");
  const several = people.length > 1;
  if (people.some((person) => person.wearing === "without_mask")) return message("put_on", "remind", { several });
  const wrong = people.filter((person) => person.wearing === "incorrect");
  if (wrong.length) {
    const worst = wrong.reduce((a, b) => (b.shows.length > a.shows.length ? b : a));
    return message(toCover(worst.shows), "remind", { several });
  }
  if (people.some((person) => person.wearing === "undecided")) return message("moment", "calm");
  return message("thanks", "thanks");
}

const NO_CAMERA = ["refused", "absent", "occupied", "insecure"];

/**
 * @param view what is known: of the camera, the link to the service, the source, the people.
 *
 * A browser without a camera sends nothing, and the service ends a link on which nothing comes: the camera is the trouble.
 */
export function messageFor(view) {
  if (view.link === "key") return message("key", "trouble");
  if (view.link === "full") return message("full", "trouble");
  if (view.link === "lost" && !NO_CAMERA.includes(view.camera)) return message("server", "trouble");
  if (view.broken && view.stale) return message("broken", "trouble", { detail: view.broken }); // not for a moment's sake
  if (view.camera === "start") return message("start", "calm");
  if ([...NO_CAMERA, "lost"].includes(view.camera)) return message(view.camera, "trouble", { detail: view.why });
  if (["starting", "asking"].includes(view.camera)) return message(view.camera, "calm");
  if (view.link !== "on" || view.busy) return message("moment", "calm");
  const { state, reason } = view.source;
  if (state === "opening") return message("source_opening", "calm");
  if (["stalled", "offline", "ended"].includes(state)) return message(`source_${state}`, "trouble", { detail: reason });
  return view.stale ? message("moment", "calm") : aboutPeople(view.people);
}

/** Keeps a message that is about people long enough to be read. */
export class Steady {
  /** @param now milliseconds. */
  constructor(now = () => performance.now()) {
    Object.assign(this, { now, shown: null, since: 0, wanted: "", asked: 0 });
  }

  take(next) {
    const time = this.now();
    if (next.key !== this.wanted) {
      this.wanted = next.key;
      this.asked = time;
    }
    if (this.shown === null || next.key === this.shown.key || time - this.asked >= this.patience(next, time - this.since)) {
      if (this.shown?.key !== next.key) this.since = time;
      this.shown = next;
    }
    return this.shown;
  }

  /** How long another message must have been asked for. @param read for how long the shown one could be read. */
  patience(next, read) {
    const spoken = ["thanks", "remind"].includes(this.shown.tone);
    if (!spoken || next.tone === "trouble") return 0;
    if (next.key === "welcome") return 1500;
    if (next.key === "moment") return 800;
    if (next.tone === "remind" && this.shown.tone === "remind" && read < DWELL) return Infinity;
    return next.tone === "remind" && this.shown.tone === "thanks" ? 0 : 300;
  }
}

/** When to sound: once an episode. A reminder's ends when the mask was worn right for a while, or the person left. */
export class Episodes {
  constructor(clear = 2) {
    Object.assign(this, { clear, reminded: new Set(), thanked: new Set() });
  }

  /** @returns "remind", "thanks" or null. */
  update(time, people) {
    const here = new Set(people.map((person) => person.number));
    for (const numbers of [this.reminded, this.thanked]) {
      for (const number of numbers) if (!here.has(number)) numbers.delete(number);
    }
    let remind = false;
    let thanks = false;
    for (const { number, wearing, since } of people) {
      if (WRONG.includes(wearing) && !this.reminded.has(number)) {
        this.reminded.add(number);
        this.thanked.delete(number);
        remind = true;
      } else if (wearing === "with_mask" && !this.thanked.has(number)) {
        if (this.reminded.has(number) && time - since < this.clear) continue;
        this.reminded.delete(number);
        this.thanked.add(number);
        thanks = true;
      }
    }
    if (remind) return "remind";
    return thanks && aboutPeople(people).key === "thanks" ? "thanks" : null;
  }
}
