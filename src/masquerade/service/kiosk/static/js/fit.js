// A message that would not fit the screen is made smaller, down to two thirds; after that the page can be scrolled.
const SIZES = [1, 0.93, 0.86, 0.8, 0.74, 0.68];

export class Fit {
  constructor(root) {
    Object.assign(this, { root, last: "" });
  }

  /** @param text what is shown. @param large larger text was asked for: it is not made smaller again. */
  take(text, large) {
    const now = `${text} ${large} ${innerWidth}x${innerHeight}`;
    if (now === this.last) return;
    this.last = now;
    for (const size of SIZES) {
      this.root.style.setProperty("--fit", size);
      if (large || this.root.scrollHeight <= innerHeight) return;
    }
  }
}
