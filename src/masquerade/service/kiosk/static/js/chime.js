// Two soft chimes, made by oscillators: notes that rise say thanks, notes that fall remind.
const NOTES = { thanks: [523.25, 783.99], remind: [587.33, 440, 440] };

export class Chime {
  constructor(on) {
    this.on = on;
    this.context = null;
    this.played = 0;
  }

  /** Whether sound is wanted and the browser waits for somebody to touch the page. */
  get blocked() {
    return this.on && this.context?.state !== "running";
  }

  /** To be called when somebody touched the page or pressed a key, and once at the start. */
  async wake() {
    try {
      this.context ??= new AudioContext();
      if (this.context.state !== "running") {
        await Promise.race([this.context.resume(), new Promise((done) => setTimeout(done, 300))]);
      }
    } catch {
      this.context = null; // no sound device: the page goes on without
    }
  }

  play(name) {
    if (!this.on || this.context?.state !== "running") return;
    this.played += 1;
    NOTES[name].forEach((pitch, index) => this.note(pitch, this.context.currentTime + 0.02 + 0.22 * index));
  }

  note(pitch, start) {
    const { context } = this;
    const loudness = new GainNode(context, { gain: 0 });
    loudness.gain.setValueAtTime(0, start);
    loudness.gain.linearRampToValueAtTime(0.25, start + 0.02);
    loudness.gain.exponentialRampToValueAtTime(0.001, start + 0.7);
    loudness.connect(context.destination);
    for (const [times, share] of [[1, 1], [2, 0.3]]) {
      const voice = new OscillatorNode(context, { frequency: pitch * times, type: "sine" });
      const part = new GainNode(context, { gain: share });
      voice.connect(part).connect(loudness);
      voice.start(start);
      voice.stop(start + 0.75);
      voice.onended = () => { part.disconnect(); if (times === 1) loudness.disconnect(); };
    }
  }
}
