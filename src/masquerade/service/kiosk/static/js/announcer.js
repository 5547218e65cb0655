// What a screen reader is told: a message once it has settled, and nothing while nothing is to be done.
const SETTLE = 500;
const SILENT = ["moment", "starting", "source_opening"];

export class Announcer {
  constructor(polite, urgent, settle = SETTLE) {
    Object.assign(this, { polite, urgent, settle, timer: 0, key: "", told: false });
  }

  /** @param again say it although it was said: it is meant for somebody else. */
  take(message, text, again = false) {
    if (message.key === this.key && !again) return;
    if (SILENT.includes(message.key) || (message.key === "welcome" && this.told)) {
      this.key = message.key;
      this.clear();
      return;
    }
    this.key = message.key;
    this.clear();
    this.timer = setTimeout(() => {
      this.told = true;
      (["remind", "trouble"].includes(message.tone) ? this.urgent : this.polite).textContent = text();
    }, this.settle);
  }

  clear() {
    clearTimeout(this.timer);
    this.polite.textContent = "";
    this.urgent.textContent = "";
  }
}
