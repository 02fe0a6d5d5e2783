// A request's page: the clock counts, and what changes is shown without loading the page again.
"use strict";

const POLL_MS = 4000;
const SLOWEST_MS = 60000;

function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const d = Math.floor(whole / 86400), h = Math.floor(whole / 3600) % 24, m = Math.floor(whole / 60) % 60, s = whole % 60;
  if (d) return `${d} ${d === 1 ? "day" : "days"} ${h} h`;
  if (h) return `${h} h ${String(m).padStart(2, "0")} min`;
  return m ? `${m} min ${String(s).padStart(2, "0")} s` : `${s} s`;
}

function tick() {
  const left = document.querySelector("[data-due]");
  if (!left) return;
  const seconds = (Date.parse(left.dataset.due) - Date.now()) / 1000;
  left.textContent = seconds >= 0 ? `${duration(seconds)} left` : `${duration(-seconds)} overdue`;
}

async function refresh() {
  const answer = await fetch(location.href, { credentials: "same-origin", headers: { "X-Background": "1" } });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("request");
  const shown = document.getElementById("request");
  // somebody may be writing a reason, or be about to confirm
  if (fresh && shown && !shown.contains(document.activeElement)) shown.replaceWith(fresh);
}

async function poll(wait) {
  const shown = document.getElementById("request");
  if (!shown || !shown.dataset.poll) return;
  let next = wait;
  try {
    const answer = await fetch(shown.dataset.poll, { credentials: "same-origin", headers: { Accept: "application/json", "X-Background": "1" } });
    if (answer.status === 401) return;
    if (answer.ok) {
      next = POLL_MS;
      if ((await answer.json()).signature !== shown.dataset.signature) await refresh();
    } else next = Math.min(SLOWEST_MS, wait * 2);
  } catch {
    next = Math.min(SLOWEST_MS, wait * 2);
  }
  setTimeout(() => poll(next), next);
}

tick();
setInterval(tick, 1000);
setTimeout(() => poll(POLL_MS), POLL_MS);
