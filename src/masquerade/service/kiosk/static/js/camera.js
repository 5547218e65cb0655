// The browser's camera: opened, watched, opened again when it was lost; its frames as small JPEGs.
import { Backoff } from "./backoff.js";

const WANTED = { audio: false, video: { facingMode: "user", width: { ideal: 1280 }, height: { ideal: 720 } } };
const WHY = { NotAllowedError: "refused", SecurityError: "refused", NotFoundError: "absent", OverconstrainedError: "absent" };
const WAITING = 1000; // a browser that answers later than so asks somebody
const STALLED = 5000;
const QUALITY = 0.8;

export class Camera {
  /** @param told is called with each new state: starting, asking, on, refused, absent, occupied, insecure, lost. */
  constructor(video, told) {
    Object.assign(this, { video, told, stream: null, why: "", timer: 0, watcher: 0, opening: false, backoff: new Backoff() });
    this.canvas = typeof OffscreenCanvas === "undefined" ? document.createElement("canvas") : new OffscreenCanvas(1, 1);
    navigator.mediaDevices?.addEventListener("devicechange", () => this.retry());
  }

  /** Whether the camera may be opened without asking anybody. */
  static async allowed() {
    try {
      return (await navigator.permissions.query({ name: "camera" })).state === "granted";
    } catch {
      return false;
    }
  }

  /** Opens the camera; never throws, the state tells. */
  async open() {
    clearTimeout(this.timer);
    if (this.opening) return;
    if (!navigator.mediaDevices) {
      this.say("insecure");
      return;
    }
    this.opening = true;
    this.close();
    if (!["absent", "occupied", "lost"].includes(this.state)) this.say("starting");
    const asking = setTimeout(() => this.ask(), WAITING);
    try {
      this.stream = await navigator.mediaDevices.getUserMedia(WANTED);
      const [track] = this.stream.getVideoTracks();
      track.onended = () => this.fail("lost");
      this.video.srcObject = this.stream;
      await this.video.play();
      this.seen = performance.now();
      this.mark();
      this.watcher = setInterval(() => this.watch(), 1000);
      this.backoff.reset();
      this.say("on");
    } catch (error) {
      this.fail(WHY[error.name] ?? "occupied", `${error.name}: ${error.message}`);
    } finally {
      clearTimeout(asking);
      this.opening = false;
    }
  }

  /** The camera is not there yet: where the browser asks for it, somebody has to answer. */
  async ask() {
    if (!(await Camera.allowed()) && this.opening && this.state === "starting") this.say("asking");
  }

  retry() {
    if (["absent", "occupied", "lost"].includes(this.state)) this.open();
  }

  fail(state, why = "") {
    this.close();
    this.why = why;
    this.say(state);
    if (state !== "refused") this.timer = setTimeout(() => this.open(), this.backoff.next());
    else this.watchPermission();
  }

  async watchPermission() {
    try {
      this.permission ??= await navigator.permissions.query({ name: "camera" });
      this.permission.onchange = () => {
        if (this.permission.state === "granted" && this.state === "refused") this.open();
      };
    } catch {
      // the button stays
    }
  }

  close() {
    clearInterval(this.watcher);
    this.stream?.getTracks().forEach((track) => { track.onended = null; track.stop(); });
    this.stream = null;
    this.video.srcObject = null;
  }

  say(state) {
    if (state === this.state) return;
    this.state = state;
    this.told(state);
  }

  /** Notes when the newest picture came. */
  mark() {
    if (!("requestVideoFrameCallback" in this.video) || !this.stream) return;
    const stream = this.stream;
    this.video.requestVideoFrameCallback(() => {
      if (stream !== this.stream) return;
      this.seen = performance.now();
      this.fresh?.();
      this.mark();
    });
  }

  watch() {
    if (document.hidden || !("requestVideoFrameCallback" in this.video)) this.seen = performance.now();
    if (performance.now() - this.seen > STALLED) this.fail("lost");
  }

  /** Resolves with the next picture, or soon, where the browser does not tell of pictures. */
  next() {
    return new Promise((done) => {
      const timer = setTimeout(done, "requestVideoFrameCallback" in this.video ? 500 : 50);
      this.fresh = () => {
        clearTimeout(timer);
        this.fresh = null;
        done();
      };
    });
  }

  /** The newest picture as a JPEG whose longer side is at most `side` pixels; null where there is none. */
  async jpeg(side) {
    const { videoWidth: width, videoHeight: height } = this.video;
    if (!width || !this.stream) return null;
    const scale = Math.min(1, side / Math.max(width, height));
    const size = [Math.round(width * scale), Math.round(height * scale)];
    if (this.canvas.width !== size[0]) this.canvas.width = size[0];
    if (this.canvas.height !== size[1]) this.canvas.height = size[1];
    this.context ??= this.canvas.getContext("2d", { alpha: false, willReadFrequently: true });
    this.context.drawImage(this.video, 0, 0, ...size);
    if (this.canvas.convertToBlob) return this.canvas.convertToBlob({ type: "image/jpeg", quality: QUALITY });
    return new Promise((done) => { this.canvas.toBlob(done, "image/jpeg", QUALITY); });
  }
}
