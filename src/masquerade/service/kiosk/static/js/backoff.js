// Waits that double, so that many pages do not come back all at once.
export class Backoff {
  constructor(first = 500, most = 30000, chance = Math.random) {
    Object.assign(this, { first, most, chance, tries: 0 });
  }

  /** Milliseconds until the next try. */
  next() {
    const whole = Math.min(this.most, this.first * 2 ** this.tries);
    this.tries += 1;
    return whole * (0.75 + 0.25 * this.chance());
  }

  reset() {
    this.tries = 0;
  }
}
