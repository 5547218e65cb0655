// Ways to the service: a WebSocket that takes frames, or events of the service's own camera. Both come back by themselves.
import { Backoff } from "./backoff.js";

const ANSWER_WITHIN = 15000;
const FULL = 1013;

class Link {
  /** @param told with "connecting", "on", "lost", "full"; @param heard with each message of the service. */
  constructor(told, heard) {
    Object.assign(this, { told, heard, timer: 0, running: false, backoff: new Backoff() });
  }

  start() {
    if (this.running) return;
    this.running = true;
    this.told("connecting");
    this.connect();
  }

  stop() {
    this.running = false;
    clearTimeout(this.timer);
    this.disconnect();
  }

  opened() {
    this.told("on");
  }

  received(text) {
    this.backoff.reset();
    this.heard(JSON.parse(text));
  }

  failed(state) {
    if (!this.running) return;
    this.told(state);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.connect(), this.backoff.next());
  }
}

export class SessionLink extends Link {
  connect() {
    const socket = new WebSocket(new URL("/v1/kiosk/session", location.href.replace(/^http/, "ws")));
    this.socket = socket;
    socket.onopen = () => this.opened();
    socket.onmessage = (event) => {
      this.answered?.();
      this.received(event.data);
    };
    socket.onclose = (event) => {
      if (socket !== this.socket) return;
      this.socket = null;
      this.answered?.();
      this.failed(event.code === FULL ? "full" : "lost");
    };
  }

  disconnect() {
    const { socket } = this;
    this.socket = null;
    socket?.close(1000);
    this.answered?.();
  }

  /** Ends a wait for the next attempt: there is something to send again. */
  hurry() {
    if (!this.running || this.socket) return;
    clearTimeout(this.timer);
    this.backoff.reset();
    this.told("connecting");
    this.connect();
  }

  get open() {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  /** Sends a frame and waits for its answer, or for the end of the connection. */
  async ask(frame) {
    const { socket } = this;
    if (socket?.readyState !== WebSocket.OPEN) return;
    await new Promise((done) => {
      const timer = setTimeout(() => socket.close(4000, "no answer"), ANSWER_WITHIN);
      this.answered = () => {
        clearTimeout(timer);
        this.answered = null;
        done();
      };
      socket.send(frame);
    });
  }
}

export class FeedLink extends Link {
  connect() {
    const source = new EventSource("/v1/kiosk/camera");
    this.source = source;
    source.onopen = () => this.opened();
    source.onmessage = (event) => {
      this.alive();
      this.received(event.data);
    };
    source.onerror = () => {
      if (source !== this.source) return;
      this.disconnect();
      this.failed("lost");
    };
    this.alive();
  }

  /** The service sends something every few seconds; a connection that is silent for long is dead. */
  alive() {
    clearTimeout(this.silence);
    const { source } = this;
    this.silence = setTimeout(() => source.onerror(), ANSWER_WITHIN);
  }

  disconnect() {
    clearTimeout(this.silence);
    this.source?.close();
    this.source = null;
  }
}
