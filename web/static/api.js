// Calls of the API, with what went wrong as a sentence.
export async function call(method, path, body) {
  const headers = { accept: "application/json" };
  if (body !== undefined) headers["content-type"] = "application/json";
  let answer;
  try {
    answer = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw new Error("The gateway does not answer. Is it running?");
  }
  const text = await answer.text();
  let value = null;
  try { value = text ? JSON.parse(text) : null; } catch { /* told below */ }
  if (answer.ok) return value;
  const errors = (value?.errors ?? []).map((e) => (e.field ? `${e.field.replace(/^\//, "")}: ${e.reason}` : e.reason));
  throw new Error(errors.join("\n") || value?.detail || `The gateway answered ${answer.status}.`);
}

export function say(place, error) {
  place.textContent = error ? error.message : "";
  place.hidden = !error;
}
