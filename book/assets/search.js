/* Search. It is loaded when a search field gets the focus: first what finds, then what shows. */
"use strict";

/* Finding. The index holds words by their stems, each with the entries that say it and how much it
   counts there; book/ext/search_index.py weighs them. The index brings the rules by which the
   book's words were rewritten, so that a question is rewritten in the same way. */
class BackbonesSearch {
  constructor({ rules, stop, chinese, pages, entries, words }) {
    this.rules = rules.map(([pattern, replacement]) => [new RegExp(pattern, "g"), replacement]);
    this.stop = new Set(stop.split(" "));
    this.chinese = chinese;
    this.sayings = new Map(words.split("\n").map((line) => line.split(" ")));
    this.entries = entries.map(([title, anchor = "", names = ""]) => ({ title, anchor, names: names ? names.split(", ") : [] }));
    pages.forEach(([uri, page, first], k) => {
      const next = k + 1 < pages.length ? pages[k + 1][2] : entries.length;
      this.entries.slice(first, next).forEach((entry, place) => Object.assign(entry, { uri, page, place }));
    });
  }

  /** "Two 3×3 filters" -> ["two", "3x3", "kernel"]. */
  words(text) {
    let plain = text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
    for (const [pattern, replacement] of this.rules) plain = plain.replace(pattern, replacement);
    return plain.split(" ").filter((word) => word.length > 1 && !this.stop.has(word));
  }

  /** Chinese names become English ones: the longest that fits, or all that begin like what is left. */
  inEnglish(text) {
    return text.replace(/\p{Script=Han}+/gu, (rest) => {
      const out = [];
      while (rest) {
        let length = rest.length;
        while (length && !(rest.slice(0, length) in this.chinese)) length--;
        if (length) out.push(this.chinese[rest.slice(0, length)]);
        else if (!out.length) out.push(...Object.keys(this.chinese).filter((name) => name.startsWith(rest)).map((name) => this.chinese[name]));
        rest = rest.slice(length || 1);
      }
      return ` ${out.join(" ")} `;
    });
  }

  /** The index's words that a word may stand for, and how near they are to it, nearest first. */
  near(word, typing) {
    const near = new Map(), known = [...this.sayings.keys()];
    if (this.sayings.has(word)) near.set(word, 1);
    if (typing || !near.size) for (const other of known) {
      if (other.startsWith(word) && other !== word) near.set(other, 0.6 * word.length / other.length);
    }
    const most = word.length < 4 ? 0 : word.length < 8 ? 1 : 2;
    if (!near.size && most) for (const other of known) {
      if (word.length < 6 && other[0] !== word[0]) continue;
      const begun = typing ? errors(word, other.slice(0, word.length), most) + 0.5 : most + 1;
      const wrong = Math.min(errors(word, other, most), begun);
      if (wrong <= most) near.set(other, 0.7 - 0.15 * wrong);
    }
    if (!near.size && typing) {
      // "paddi" is on the way to "padding", whose stem is "pad".
      const stems = known.filter((other) => word.startsWith(other) && other.length >= Math.max(3, word.length / 2));
      for (const other of stems) near.set(other, 0.6 * other.length / word.length);
    }
    return [...near].sort((a, b) => b[1] - a[1]);
  }

  /** Entries for a question, best first; each knows its title, uri, anchor, page and the words heard. */
  find(question, most = 30) {
    const asked = [...new Set(this.words(this.inEnglish(question)))].filter((word, k, all) => all.length === 1 || !/^\d+$/.test(word) || this.sayings.has(word));
    // "fine tuning" is found as "finetuning", too, and "vgg 16" as "vgg16".
    const joined = this.words(question).map((word, k, all) => word + all[k + 1]).filter((word) => this.sayings.has(word));
    const scores = new Map(), heard = new Set(), meant = [];
    let all = 0;
    [...asked, ...joined].forEach((word, k) => {
      const near = this.near(word, k === asked.length - 1), points = new Map();
      for (const [other, nearness] of near) {
        heard.add(other);
        let entry = 0;
        for (const [, step, letter] of this.sayings.get(other).matchAll(/([0-9a-z]+)([A-Z])/g)) {
          entry += parseInt(step, 36);
          const weight = (letter.charCodeAt(0) - 64) ** 2; // the letter tells the root: A is 1, B is 4
          points.set(entry, Math.max(points.get(entry) ?? 0, nearness * weight));
        }
      }
      // A rare word tells more of what is meant than a common one.
      const rarity = k < asked.length && near.length ? Math.log(1 + this.entries.length / (1 + points.size)) : 0;
      all += rarity;
      if (k < asked.length) meant.push(near.length ? near[0][0] : word);
      for (const [entry, more] of points) {
        const [sum, share] = scores.get(entry) ?? [0, 0];
        scores.set(entry, [sum + more, share + rarity]);
      }
    });
    for (const name of question.match(/\p{Script=Han}+/gu) ?? []) heard.add(name);
    const exact = meant.join(" ");
    const family = this.words(question.replace(/[- ]?\d+$/, "")).join(" "); // VGG-16 is one of VGG
    const found = [...scores].map(([n, [sum, share]]) => {
      const entry = this.entries[n];
      entry.heads ??= [entry.title, ...entry.names].map((name) => this.words(name));
      const named = entry.heads.some((head) => head.join(" ") === exact || (family && !entry.place && head.join(" ") === family));
      const told = entry.heads[0].filter((word) => heard.has(word)).length / (entry.heads[0].length || 1);
      // What is called just so comes first if it is in a chapter, and counts double elsewhere. Then
      // come those that say more of the words, and whose title is told by the question.
      const first = named && entry.uri.startsWith("chapters/");
      return { ...entry, heard, first, score: sum * (share / all) ** 2 * (1 + told) * (1 + named) };
    });
    found.sort((a, b) => b.first - a.first || b.score - a.score);
    const least = Math.max(...found.map(({ score }) => score)) / 10;
    return found.filter(({ first, score }) => first || score > least).slice(0, most);
  }
}

/** Letters to change, drop, add or swap with the next one to make one word of another; stops beyond `most`. */
function errors(a, b, most) {
  if (Math.abs(a.length - b.length) > most) return most + 1;
  let before = [], row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] !== b[j - 1]));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) next[j] = Math.min(next[j], before[j - 2] + 1);
    }
    if (Math.min(...next) > most) return most + 1;
    [before, row] = [row, next];
  }
  return row[b.length];
}

/* Showing: a field, a line that says how much was found, and a list that the arrow keys walk through. */
if (typeof document !== "undefined") (() => {
  const base = document.documentElement.dataset.content_root;
  const loads = new Map();
  const load = (path) => {
    if (!loads.has(path)) loads.set(path, new Promise((resolve, reject) => {
      const script = Object.assign(document.createElement("script"), { src: base + path, onload: resolve, onerror: reject });
      document.head.append(script);
    }));
    return loads.get(path);
  };
  const make = (name, className, ...content) => {
    const element = document.createElement(name);
    element.className = className;
    element.append(...content);
    return element;
  };
  let search; // made of the index when that has come

  const memory = new Map();
  const isHeard = (word, heard) => {
    if (!memory.has(word)) memory.set(word, search.words(word));
    return heard.has(word) || memory.get(word).some((stem) => heard.has(stem));
  };
  /** Text with the words that were heard marked; of a long one the stretch that has most of them, or its beginning. */
  const marked = (text, heard, length = Infinity, beginning = false) => {
    const hits = [...text.matchAll(/[\p{L}\p{N}×]+(?:[-_][\p{L}\p{N}]+)*/gu)].filter(([word]) => isHeard(word, heard));
    const within = (from) => new Set(hits.filter(({ index }) => index >= from && index < from + length - 40).map(([word]) => word.toLowerCase())).size;
    let from = 0;
    if (text.length > length && !beginning) for (const { index } of hits) if (within(index) > within(from)) from = index;
    if (from) from = Math.max(0, Math.min(text.indexOf(" ", from - 40) + 1, from));
    const to = text.length > from + length ? text.lastIndexOf(" ", from + length) : text.length;
    const out = [from ? "… " : ""];
    let last = from;
    for (const { 0: word, index } of hits) if (index >= from && index < to) {
      out.push(text.slice(last, index), make("mark", "", word));
      last = index + word.length;
    }
    return [...out, text.slice(last, to), to < text.length ? " …" : ""];
  };

  const option = (result, id) => {
    const { title, page, uri, anchor, place, heard } = result;
    const where = uri.startsWith("chapters/") && !place ? "Chapter" : page.split(":")[0];
    const quote = make("span", "bb-quote");
    const link = make("a", "", make("strong", "", ...marked(title, heard)), " ", make("small", "", where), quote);
    const slug = title.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");
    Object.assign(link, { id, href: base + uri + (place ? `#${anchor || slug}` : ""), tabIndex: -1, role: "option" });
    link.quote = () => load(`search/${uri.replace(/\.html$/, ".js")}`).then(() => {
      quote.replaceChildren(...marked(window.backbonesTexts[uri][place], heard, 170, !place));
    }, () => {});
    return link;
  };

  for (const box of document.querySelectorAll(".bb-finder")) {
    const [input, told, list, more] = ["input", "[role=status]", "[role=listbox]", ".bb-more-found"].map((part) => box.querySelector(part));
    const whole = !more; // the search page shows all that is found
    let chosen = -1, pause;
    const choose = (k) => {
      const options = [...list.children];
      chosen = options.length ? (k + options.length) % options.length : -1;
      options.forEach((each, n) => each.setAttribute("aria-selected", String(n === chosen)));
      if (chosen >= 0) input.setAttribute("aria-activedescendant", options[chosen].id); else input.removeAttribute("aria-activedescendant");
    };
    const answer = async () => {
      try { await load("search-index.js"); } catch { told.textContent = "The index could not be loaded."; return; }
      search ??= new BackbonesSearch(window.backbonesIndex);
      const question = input.value.trim(), found = search.find(question), shown = whole ? found : found.slice(0, 8);
      list.replaceChildren(...shown.map((result, k) => option(result, `${list.id}-${k}`)));
      list.hidden = !shown.length;
      input.setAttribute("aria-expanded", String(shown.length > 0));
      const count = found.length === 1 ? "One place" : `${found.length} places`;
      told.textContent = found.length ? `${count}, the likeliest first` : question && `Nothing found for “${question}”. Try fewer words, or other ones.`;
      if (more) Object.assign(more, { hidden: found.length <= shown.length, href: `${base}search.html?q=${encodeURIComponent(question)}` });
      if (whole) history.replaceState(null, "", question ? `?q=${encodeURIComponent(question)}` : location.pathname);
      list.scrollTop = 0;
      choose(0);
      // Texts to quote from are fetched when the typing pauses.
      clearTimeout(pause);
      pause = setTimeout(() => { for (const each of list.children) each.quote(); }, 150);
    };
    input.addEventListener("input", answer);
    input.addEventListener("keydown", (event) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step && list.children.length) {
        event.preventDefault();
        choose(chosen + step);
        list.children[chosen].scrollIntoView({ block: "nearest" });
      }
      if (event.key === "Escape") {
        event.preventDefault();
        if (whole) { input.value = ""; answer(); } else box.close();
      }
    });
    input.form.addEventListener("submit", (event) => {
      event.preventDefault();
      list.children[chosen]?.click();
    });
    if (input.value || document.activeElement === input) answer();
  }
})();
