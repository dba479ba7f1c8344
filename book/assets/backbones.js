/* The site's behaviour: theme, contents, search, copy buttons. Pages read well without it. */
(() => {
  "use strict";
  const root = document.documentElement;
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const one = (selector, from = document) => from.querySelector(selector);

  /* Light and dark: follow the system until the reader chooses. */
  const store = { get: () => { try { return localStorage.getItem("backbones-theme"); } catch { return null; } },
    set: (value) => { try { localStorage.setItem("backbones-theme", value); } catch { /* private mode */ } } };
  const system = matchMedia("(prefers-color-scheme: dark)");
  const show = (theme) => {
    root.dataset.theme = theme;
    one(".bb-theme-button")?.setAttribute("aria-pressed", String(theme === "dark"));
  };
  show(root.dataset.theme);
  system.addEventListener("change", () => store.get() || show(system.matches ? "dark" : "light"));
  one(".bb-theme-button")?.addEventListener("click", () => {
    const theme = root.dataset.theme === "dark" ? "light" : "dark";
    store.set(theme);
    show(theme);
  });

  /* Contents of the book on narrow screens. */
  const menu = one(".bb-menu-button"), nav = one(".bb-nav");
  const toggle = (open) => {
    root.classList.toggle("bb-nav-open", open);
    menu.setAttribute("aria-expanded", String(open));
  };
  menu?.addEventListener("click", () => toggle(!root.classList.contains("bb-nav-open")));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && root.classList.contains("bb-nav-open")) { toggle(false); menu.focus(); }
  });
  document.addEventListener("click", (event) => {
    if (root.classList.contains("bb-nav-open") && !nav.contains(event.target) && !menu.contains(event.target)) toggle(false);
  });
  const here = one(".bb-nav a[aria-current]");
  if (here && nav.scrollHeight > nav.clientHeight) nav.scrollTop = here.offsetTop - nav.clientHeight / 2;

  /* Contents of the page: open beside the text, folded above it where there is no room. */
  const toc = one(".bb-toc details"), beside = matchMedia("(min-width: 76.01rem)");
  if (toc) {
    const place = () => { toc.open = beside.matches; };
    const fold = () => { if (!beside.matches) toc.open = false; };
    place();
    beside.addEventListener("change", place);
    toc.addEventListener("click", (event) => { if (event.target.closest("a")) fold(); });
    document.addEventListener("click", (event) => { if (!toc.contains(event.target)) fold(); });
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && toc.open && !beside.matches) { fold(); one("summary", toc).focus(); }
    });
  }

  /* Where on the page the reader is. */
  const entries = new Map(all(".bb-toc a[href^='#']").map((a) => [decodeURIComponent(a.hash.slice(1)), a]));
  const heads = all("section[id]", one(".bb-article") || document).filter((section) => entries.has(section.id));
  const told = one(".bb-here");
  let current = null;
  const mark = () => {
    // A section counts from a quarter down the window, and from further down as the page runs out.
    const left = root.scrollHeight - innerHeight - scrollY;
    const line = innerHeight / 4 + Math.max(0, innerHeight * 0.7 - left);
    const passed = heads.filter((section) => section.getBoundingClientRect().top < line);
    const link = passed.length ? entries.get(passed[passed.length - 1].id) : null;
    if (link === current) return;
    current?.removeAttribute("aria-current");
    all(".bb-toc .bb-open").forEach((item) => item.classList.remove("bb-open"));
    current = link;
    if (told) told.textContent = link && link.hash.slice(1) !== heads[0].id ? link.textContent : "";
    if (!link) return;
    link.setAttribute("aria-current", "true");
    for (let item = link.closest("li"); item; item = item.parentElement.closest("li")) item.classList.add("bb-open");
  };
  if (heads.length) {
    let waiting = false;
    addEventListener("scroll", () => {
      if (!waiting) { waiting = true; requestAnimationFrame(() => { waiting = false; mark(); }); }
    }, { passive: true });
    mark();
  }
  // Sections on the way to a place get their real heights only when they are near: go there again.
  const settle = (left = 4) => {
    const place = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!place || !left) return;
    place.scrollIntoView();
    requestAnimationFrame(() => settle(left - 1));
  };
  addEventListener("hashchange", () => settle());
  if (location.hash) settle();
  // The contents of the page lead to the same places.
  all(".headerlink").forEach((link) => { link.tabIndex = -1; });

  /* Boxes that scroll must be reachable by keyboard. Whether one does is found out when the reader comes
     near it; until then it counts as if it did. */
  const reachable = (box) => {
    if (box.scrollWidth > box.clientWidth + 1 || box.scrollHeight > box.clientHeight + 1) box.tabIndex = 0; else box.removeAttribute("tabindex");
  };
  const sizes = new ResizeObserver((seen) => seen.forEach(({ target }) => reachable(target)));
  const near = new IntersectionObserver((seen) => seen.forEach(({ isIntersecting, target }) => {
    if (!isIntersecting) return;
    near.unobserve(target);
    sizes.observe(target); // which looks at once, and again when the window or a fold changes
  }), { rootMargin: "800px" });
  all(".cell_output > .output, .bb-article pre, .pst-scrollable-table-container, .bb-table, .katex-display").forEach((box) => { box.tabIndex = 0; near.observe(box); });

  /* Copy buttons: one stop for the Tab key, from which the arrow keys lead to the others. */
  if (navigator.clipboard) {
    const buttons = [];
    all(".cell_input .highlight, .bb-article > section div[class*='highlight-'] > .highlight").forEach((block) => {
      if (one(".bb-copy", block) || block.closest(".cell_output")) return;
      const button = document.createElement("button");
      Object.assign(button, { className: "bb-copy", type: "button", textContent: "Copy", tabIndex: -1 });
      button.setAttribute("aria-label", "Copy this code");
      button.title = "Copy this code (arrow keys: next and previous code)";
      button.addEventListener("click", async () => {
        await navigator.clipboard.writeText(one("pre", block).textContent);
        button.textContent = "Copied";
        setTimeout(() => { button.textContent = "Copy"; }, 1500);
      });
      button.addEventListener("focus", () => {
        for (const other of buttons) other.tabIndex = other === button ? 0 : -1;
      });
      button.addEventListener("keydown", (event) => {
        const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
        const others = buttons.filter((other) => !other.closest("details:not([open])"));
        const next = step && others[others.indexOf(button) + step];
        if (next) { event.preventDefault(); next.focus(); }
      });
      buttons.push(button);
      block.append(button);
    });
    const first = buttons.find((button) => !button.closest("details:not([open])"));
    if (first) first.tabIndex = 0;
    // The stop is where the reader is, not at the beginning of the page.
    const shown = new IntersectionObserver((seen) => {
      const near = seen.find((entry) => entry.isIntersecting)?.target;
      if (near && !buttons.includes(document.activeElement)) for (const other of buttons) other.tabIndex = other === near ? 0 : -1;
    });
    buttons.forEach((button) => shown.observe(button));
  }

  /* Claims: only those of a verdict, or of a chapter. */
  const filter = one(".bb-filter");
  if (filter) {
    const sections = all(".bb-of-chapter"), told = one("[role=status]", filter);
    const sift = () => {
      const { verdict, chapter } = Object.fromEntries(new FormData(filter));
      let count = 0;
      for (const section of sections) {
        const rows = all("tbody tr", section);
        for (const row of rows) row.hidden = Boolean((verdict && !one(`.bb-verdict-${verdict}`, row)) || (chapter && section.id !== chapter));
        const left = rows.filter((row) => !row.hidden).length;
        section.hidden = !left;
        count += left;
      }
      told.textContent = `${count} ${count === 1 ? "claim" : "claims"}`;
      const asked = new URLSearchParams(Object.entries({ verdict, chapter }).filter(([, value]) => value)).toString();
      history.replaceState(null, "", `${location.pathname}${asked ? `?${asked}` : ""}${location.hash}`);
    };
    for (const [name, value] of new URLSearchParams(location.search)) {
      const field = filter.elements[name];
      if (field) field.value = value;
    }
    filter.addEventListener("change", sift);
    filter.addEventListener("submit", (event) => event.preventDefault());
    sift();
  }

  /* On paper derivations and listings are open; answers, hints and solutions only if the reader opened them. */
  let unfolded = [];
  addEventListener("beforeprint", () => {
    unfolded = all(".bb-article details:not([open])").filter((fold) => !fold.closest(".bb-exercise") && !/^(answer|hint|solution|code|set-up|check)/i.test(one("summary", fold).textContent.trim()));
    for (const fold of unfolded) fold.open = true;
  });
  addEventListener("afterprint", () => { for (const fold of unfolded) fold.open = false; });

  /* Search: its script, and the index, come when a search field gets the focus. */
  const search = () => {
    search.begun ||= document.head.appendChild(Object.assign(document.createElement("script"), { src: `${root.dataset.content_root}_static/search.js` }));
  };
  all(".bb-finder input").forEach((input) => input.addEventListener("focus", search, { once: true }));
  const dialog = one("dialog.bb-search");
  if (dialog?.showModal) {
    const open = () => { dialog.showModal(); one("input", dialog).select(); };
    one(".bb-search-button").addEventListener("click", open);
    one("button", dialog).addEventListener("click", () => dialog.close());
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog || event.target.closest("a")) dialog.close();
    });
    document.addEventListener("keydown", (event) => {
      const typing = event.target.closest("input, textarea, select, [contenteditable]");
      const slash = event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey;
      const k = event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey);
      if ((slash || k) && !dialog.open) { event.preventDefault(); open(); }
    });
  }
  const field = one(".bb-search-page input");
  if (field) {
    field.value = new URLSearchParams(location.search).get("q") || "";
    field.focus();
  }
})();
