// A message that would not fit the screen, or whose headline has too long a word, is made smaller, down to two thirds.
const SIZES = [1, 0.93, 0.86, 0.8, 0.74, 0.68];

export class Fit {
  constructor(root, title) {
    Object.assign(this, { root, title, last: "", step: 0 });
  }

  /** To be asked often: letters may come late. @param text what is shown. @param large larger text was asked for. */
  take(text, large) {
    const now = `${text} ${large} ${innerWidth}x${innerHeight}`;
    if (now !== this.last) this.set(0);
    this.last = now;
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
