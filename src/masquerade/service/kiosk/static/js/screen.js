// The screen stays on, and full when it is asked for.
export class Screen {
  constructor() {
    this.lock = null;
    document.addEventListener("visibilitychange", () => this.keepOn());
  }

  /** Keeps the screen on as long as the page is in front; browsers let go of the lock when it is not. */
  async keepOn() {
    if (document.hidden || !navigator.wakeLock || (this.lock && !this.lock.released)) return;
    try {
      this.lock = await navigator.wakeLock.request("screen");
    } catch {
      this.lock = null; // low battery: the system decides
    }
  }

  static get canFill() {
    return Boolean(document.fullscreenEnabled);
  }

  static async toggleFull() {
    try {
      if (document.fullscreenElement) await document.exitFullscreen();
      else await document.documentElement.requestFullscreen({ navigationUI: "hide" });
    } catch {
      // refused: the page stays as it is
    }
  }
}
