// A page that counts again by itself, as long as nobody is in the middle of something on it.
"use strict";

const EVERY_MS = 4000;
const SLOWEST_MS = 60000;

function busy(shown) {
  return shown.contains(document.activeElement) || shown.querySelector("details[open]") !== null;
}

async function countAgain(wait) {
  let next = wait;
  try {
    const shown = document.querySelector("[data-live]");
    if (shown && !document.hidden && !busy(shown)) {
      const answer = await fetch(location.pathname + location.search, { credentials: "same-origin", redirect: "manual", headers: { "X-Background": "1" } });
      if (answer.type === "opaqueredirect" || answer.status === 401) return;
      if (answer.ok) {
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-live]");
        if (fresh && !busy(shown)) shown.replaceWith(fresh);
        next = EVERY_MS;
      } else next = Math.min(SLOWEST_MS, wait * 2);
    }
  } catch {
    next = Math.min(SLOWEST_MS, wait * 2);
  }
  setTimeout(() => countAgain(next), next);
}

setTimeout(() => countAgain(EVERY_MS), EVERY_MS);
