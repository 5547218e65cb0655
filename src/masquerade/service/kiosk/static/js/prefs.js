// What this browser remembers: choices of whoever set the page up, nothing of visitors.
const PREFIX = "masquerade.";

export function remembered(name, otherwise) {
  try {
    return localStorage.getItem(PREFIX + name) ?? otherwise;
  } catch {
    return otherwise;
  }
}

export function remember(name, value) {
  try {
    localStorage.setItem(PREFIX + name, value);
  } catch {
    // a browser that keeps nothing: the choice holds until the page is closed
  }
}
