// A message that would not fit the screen, or whose headline has too long a word, is made smaller, down to two thirds.
const AGAIN = 1000; // milliseconds; letters may come late, and take more room
const SIZES = [1, 0.93, 0.86, 0.8, 0.74, 0.68];

export class Fit {
  constructor(root, title, now = () => performance.now()) {
    Object.assign(this, { root, title, now, last: "", step: 0, at: 0 });
  }

  /** To be asked often. @param text what is shown. @param large larger text was asked for. */
  take(text, large) {
    const given = `${text} ${large} ${innerWidth}x${innerHeight}`;
    if (given === this.last && this.now() - this.at < AGAIN) return;
    if (given !== this.last) this.set(0);
    Object.assign(this, { last: given, at: this.now() });
    while (this.step < SIZES.length - 1 && !this.fits(large)) this.set(this.step + 1);
  }

  /** Text that was to be large is not made smaller for the page to end with the screen: it can be scrolled. */
  fits(large) {
    const { root, title } = this;
    return title.scrollWidth <= title.clientWidth && (large || root.scrollHeight <= innerHeight);
  }

  set(step) {
    this.step = step;
    this.root.style.setProperty("--fit", SIZES[step]);
  }
}
