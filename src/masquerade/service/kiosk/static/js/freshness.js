// Whether what is known still holds: nobody is to read what was meant for somebody who has left.
const AWAY = 10000;

export class Freshness {
  /**
   * @param limit milliseconds for which a snapshot holds.
   * @param now milliseconds that never go back.
   * @param date milliseconds of the day's clock, which goes on while the machine sleeps.
   */
  constructor(limit = 3000, now = () => performance.now(), date = () => Date.now()) {
    Object.assign(this, { limit, now, date, newest: -Infinity, ticked: date() });
  }

  /** A snapshot has come. */
  mark() {
    this.newest = this.now();
  }

  get stale() {
    return this.now() - this.newest > this.limit;
  }

  /** To be asked often; @returns whether the machine slept since it was asked last. */
  slept() {
    const before = this.ticked;
    this.ticked = this.date();
    return this.ticked - before > AWAY;
  }
}
