// Keeps the page fresh: listens to the feed and, when something happened, loads the same page again and puts its <main>
// in the place of ours. Without this script the pages work all the same; they are as old as their last load.
"use strict";

(() => {
  const status = document.getElementById("live");
  const main = document.querySelector("main");
  localiseTimes();
  if (!status || !window.EventSource) return;

  const QUIET_MS = 500; // at most twice a second …
  const PATIENCE = 10; // … and with a busy server, a tenth of the time at most
  const RETRY_MS = 3000;
  const address = new URL(status.dataset.url, location.href);
  let source = null;
  let pause = QUIET_MS;
  let timer = 0;
  let busy = false;
  let stale = false;

  function show(isLive) {
    const text = isLive ? status.dataset.live : status.dataset.lost;
    status.hidden = false;
    status.classList.toggle("lost", !isLive);
    if (status.textContent !== text) status.textContent = text;
  }

  function connect() {
    disconnect();
    source = new EventSource(address);
    source.onopen = () => show(true);
    source.onmessage = (message) => heard(message.lastEventId);
    source.addEventListener("burst", (message) => heard(message.lastEventId));
    source.addEventListener("resync", (message) => heard(message.lastEventId));
    source.onerror = () => {
      show(false);
      // The browser comes back by itself after a lost connection, but not after an error page.
      if (source.readyState === EventSource.CLOSED) setTimeout(() => document.hidden || connect(), RETRY_MS);
    };
  }

  function disconnect() {
    if (source) source.close();
    source = null;
  }

  function heard(position) {
    address.searchParams.set("after", position);
    stale = true;
    schedule();
  }

  function schedule() {
    if (!timer && !busy && stale) timer = setTimeout(refresh, pause);
  }

  async function refresh() {
    timer = 0;
    if (!getSelection().isCollapsed || isFilling()) { // somebody is about to copy a name, or fills in a form
      timer = setTimeout(refresh, QUIET_MS);
      return;
    }
    busy = true;
    stale = false;
    const begun = performance.now();
    try {
      const response = await fetch(location.href, { cache: "no-store" });
      if (!response.ok) throw new Error(response.status);
      const fresh = new DOMParser().parseFromString(await response.text(), "text/html").querySelector("main");
      replace(fresh);
      pause = Math.max(QUIET_MS, PATIENCE * (performance.now() - begun));
    } catch {
      stale = true;
      pause = RETRY_MS;
    }
    busy = false;
    schedule();
  }

  function isFilling() {
    const isChanged = (field) => field.type === "checkbox" ? field.checked !== field.defaultChecked
      : field.tagName === "SELECT" ? ![...field.options].some((o) => o.selected && o.defaultSelected)
      : field.type !== "hidden" && field.value !== field.defaultValue;
    return [...main.querySelectorAll("input, select")].some((field) => field === document.activeElement || isChanged(field));
  }

  function replace(fresh) {
    const focused = main.contains(document.activeElement) ? document.activeElement.id : "";
    const before = new Map([...main.querySelectorAll("[data-key]")].map((e) => [e.dataset.key, e.dataset.value]));
    const [x, y] = [scrollX, scrollY];
    const opened = [...main.querySelectorAll("details")].map((e) => e.open);
    main.replaceChildren(...fresh.childNodes);
    main.querySelectorAll("details").forEach((e, n) => (e.open = opened[n] ?? e.open));
    for (const element of main.querySelectorAll("[data-key]")) {
      element.classList.toggle("changed", before.get(element.dataset.key) !== element.dataset.value);
    }
    localiseTimes();
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
    scrollTo(x, y);
  }

  // A hidden page needs no stream, and a browser allows six to a host. What it misses comes when it is seen again.
  document.addEventListener("visibilitychange", () => (document.hidden ? disconnect() : connect()));
  addEventListener("pagehide", disconnect);
  addEventListener("pageshow", (event) => event.persisted && connect());
  if (!document.hidden) connect();

  function localiseTimes() {
    const format = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
    for (const time of document.querySelectorAll("time")) {
      const utc = time.textContent;
      time.textContent = format.format(new Date(time.dateTime));
      time.title = utc;
    }
  }
})();
