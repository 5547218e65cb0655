// What is asked of the service over plain HTTP.

/** @returns the setup, "key" where one is needed, or null where the service does not answer. */
export async function setup() {
  try {
    const answer = await fetch("/v1/kiosk/config");
    if (answer.ok) return await answer.json();
    return [401, 403].includes(answer.status) ? "key" : null;
  } catch {
    return null;
  }
}

/** Gives a key and gets a cookie for it; @returns the name of the words that say why it was not taken, else "". */
export async function openSession(key) {
  try {
    const body = JSON.stringify({ key });
    const answer = await fetch("/v1/session", { method: "POST", headers: { "Content-Type": "application/json" }, body });
    if (answer.ok) return (await answer.json()).scopes.includes("watch") ? "" : "key.scope";
    return answer.status === 401 ? "key.wrong" : "key.later";
  } catch {
    return "key.later";
  }
}
