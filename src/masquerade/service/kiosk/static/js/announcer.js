// What a screen reader is told: a message once it has settled, and nothing while nothing is to be done.
const SETTLE = 500;
const AGAIN = 10000;
const SILENT = ["moment", "starting", "source_opening"];

export class Announcer {
  constructor(polite, urgent, settle = SETTLE, now = () => performance.now()) {
    Object.assign(this, { polite, urgent, settle, now, timer: 0, key: "", told: "", at: 0 });
  }

  /**
   * @param parts gives the words, and the language of each part: [[words, code], ...].
   * @param again say it although it was said: it is meant for somebody else.
   */
  take(message, parts, again = false) {
    if (message.key === this.key && !again) return;
    this.key = message.key;
    this.clear();
    if (SILENT.includes(message.key) || (message.key === "welcome" && this.told)) return;
    if (message.key === this.told && !again && this.now() - this.at < AGAIN) return; // it wavered, nothing is new
    this.timer = setTimeout(() => {
      Object.assign(this, { told: message.key, at: this.now() });
      const region = ["remind", "trouble"].includes(message.tone) ? this.urgent : this.polite;
      region.replaceChildren(...parts().filter(([words]) => words).map(spoken));
    }, this.settle);
  }

  clear() {
    clearTimeout(this.timer);
    this.polite.textContent = "";
    this.urgent.textContent = "";
  }
}

function spoken([words, language], index) {
  const part = document.createElement("span");
  part.lang = language;
  part.textContent = index ? ` ${words}` : words;
  return part;
}
