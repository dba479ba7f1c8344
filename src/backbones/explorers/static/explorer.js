(() => {
  // On the book's site, which links this file, the states of explorers are kept in the address.
  const onSite = document.currentScript?.hasAttribute("data-site") ?? false;
  const readers = []; // for each explorer, how to take its state from the address
  let query = location.search;
  const DIGITS = Array.from({ length: 91 }, (_, k) => String.fromCharCode(35 + k))
    .join("")
    .replace(/[<\\`]/g, "");

  // The same output can stand twice on a page, and a front-end can insert it at any time: take
  // every explorer that has no controls yet.
  for (const figure of document.querySelectorAll(".bb-explorer[data-name]:not([data-ready])")) {
    start(figure);
  }
  if (onSite) {
    addEventListener("popstate", () => {
      if (location.search === query) return;
      query = location.search;
      for (const read of readers) read();
    });
  }

  function start(figure) {
    figure.dataset.ready = "true";
    const data = JSON.parse(figure.querySelector('script[type="application/json"]').textContent);
    const { axes } = data;
    const texts = unpack(data.states, data.length); // of every state: words, drawing, narrow one
    const prefix = `${figure.dataset.name}.`;
    const unique = `bb${Math.random().toString(36).slice(2)}`;
    const beginning = axes.map((axis) => axis.start);
    const chosen = [...beginning];
    const shown = []; // for each axis, how to show a value that its own control did not choose
    const stage = figure.querySelector(".bb-stage");
    const bar = element("div", { class: "bb-controls", role: "group", "aria-label": "Controls" });
    const choices = element("div", { class: "bb-choices" });
    const sliders = element("div", { class: "bb-sliders" });
    const actions = element("div", { class: "bb-actions" });
    const voice = element("p", { class: "bb-voice", role: "status" });
    const reset = button("Reset", "bb-action", () => restore(beginning));
    const narrowNow = () => figure.clientWidth < data.narrow;
    let narrow = narrowNow();
    let size = [0, 0]; // of the stage, at its largest
    let words = ""; // what the picture shows
    let settling = 0; // the timer that waits until the reader has stopped moving
    let playing = 0; // the timer that plays

    // JupyterLab takes keys for its shortcuts, and mouse presses for selecting the cell.
    figure.dataset.lmSuppressShortcuts = "true";
    for (const name of ["keydown", "keyup", "keypress"]) figure.addEventListener(name, keep);
    for (const name of ["mousedown", "pointerdown"]) bar.addEventListener(name, keep);
    axes.forEach((axis, k) => {
      if (axis.slider) sliders.append(slider(axis, k));
      else choices.append(choice(axis, k));
    });
    const play = data.play === null ? null : player(axes[data.play], data.play);
    if (play) sliders.append(play);
    bar.append(choices, sliders);
    bar.addEventListener("input", stop, true);
    actions.append(reset);
    if (onSite) {
      const link = button("Link", "bb-action", copyLink);
      link.title = "Copy a link to this state";
      actions.append(link);
    }
    figure.querySelector(".bb-unscripted").remove();
    figure.prepend(actions);
    stage.before(bar);
    stage.after(voice);
    stage.addEventListener("pointerdown", drag);
    show(onSite ? asked() : beginning);
    if (onSite) readers.push(() => show(asked()));
    // After the browser's Back, controls and picture must say the same.
    addEventListener("pageshow", () => shown.forEach((update) => update()));
    new ResizeObserver(() => {
      if (narrow !== narrowNow()) draw();
    }).observe(figure);

    function keep(event) {
      event.stopPropagation();
    }

    function element(name, attributes, ...children) {
      const node = document.createElement(name);
      for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
      node.append(...children);
      return node;
    }

    function button(label, name, act) {
      const node = element("button", { type: "button", class: name }, label);
      node.addEventListener("click", act);
      return node;
    }

    // The picture of the state that is chosen.
    function draw() {
      const place = axes.reduce((sum, axis, k) => sum * axis.values.length + chosen[k], 0);
      const state = texts.slice(place * data.texts, (place + 1) * data.texts);
      narrow = narrowNow();
      const drawing = (narrow && state[2]) || state[1];
      words = state[0];
      stage.classList.toggle("bb-impossible", !drawing);
      if (drawing) {
        stage.innerHTML = drawing;
        stage.firstChild.setAttribute("role", drawing.includes("tabindex=") ? "group" : "img");
        stage.firstChild.setAttribute("aria-label", words);
        fit(false);
      } else {
        // The picture before it stays, faded, so that nothing jumps.
        stage.querySelector(".bb-message")?.remove();
        stage.firstElementChild.setAttribute("aria-hidden", "true");
        stage.append(element("p", { class: "bb-message" }, words));
      }
      const moved = chosen.some((value, k) => value !== beginning[k]);
      reset.setAttribute("aria-disabled", !moved);
    }

    // The stage grows at once for a taller picture, and shrinks once the reader has stopped, so
    // that the text below does not move to and fro. What is above it never moves.
    function fit(settled) {
      const svg = stage.querySelector("svg");
      if (!svg) return;
      const [width, height] = ["width", "height"].map((name) => Number(svg.getAttribute(name)));
      if (!settled && width === size[0] && height <= size[1]) return;
      size = [width, height];
      stage.style.cssText = `--w:${width};--h:${height}`;
    }

    // Show a state at once: the first one, or one from the address.
    function show(values) {
      stop();
      values.forEach((value, k) => (chosen[k] = value));
      shown.forEach((update) => update());
      draw();
      fit(true);
      clearTimeout(settling);
    }

    function choose(k, value) {
      chosen[k] = value;
      shown[k]();
      draw();
      clearTimeout(settling);
      if (!playing) settling = setTimeout(settle, 600);
    }

    function settle() {
      fit(true);
      voice.textContent = words;
      if (onSite) write();
    }

    function restore(values) {
      show(values);
      settle();
    }

    function slider(axis, k) {
      const id = `${unique}-${k}`;
      const last = axis.values.length - 1;
      const input = element("input", { id, type: "range", max: last, autocomplete: "off" });
      // Hidden from screen readers, which read the slider's own aria-valuetext.
      const value = element("span", { class: "bb-value", "aria-hidden": "true" });
      value.style.minWidth = `${Math.max(...axis.values.map((shown) => shown.length))}ch`;
      shown[k] = () => {
        input.value = chosen[k];
        value.textContent = axis.values[chosen[k]];
        input.setAttribute("aria-valuetext", axis.values[chosen[k]]);
      };
      input.addEventListener("input", () => choose(k, Number(input.value)));
      const label = element("label", { for: id }, axis.label);
      return element("div", { class: "bb-slider" }, label, value, input);
    }

    function choice(axis, k) {
      const group = element("fieldset", { class: "bb-choice" });
      group.append(element("legend", {}, axis.label));
      const inputs = axis.values.map((label, value) => {
        const name = `${unique}-${k}`;
        const input = element("input", { type: "radio", name, value, autocomplete: "off" });
        input.addEventListener("change", () => choose(k, value));
        group.append(element("label", {}, input, element("span", {}, label)));
        return input;
      });
      shown[k] = () => (inputs[chosen[k]].checked = true);
      return group;
    }

    function player(axis, k) {
      const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
      const step = () => {
        const next = (chosen[k] + 1) % axis.values.length;
        if (next === axis.values.length - 1 || !figure.isConnected) stop();
        choose(k, next);
      };
      const node = button("", "bb-play", () => {
        if (still) return step();
        if (playing) return stop();
        node.textContent = "❚❚ Pause";
        playing = setInterval(step, 800);
        step();
      });
      node.idle = node.textContent = still ? "Next step" : "▶ Play";
      return node;
    }

    function stop() {
      if (!playing) return;
      clearInterval(playing);
      playing = 0;
      play.textContent = play.idle;
      settling = setTimeout(settle, 600);
    }

    // A drawing marks what can be dragged: data-drag-x="stride:26" moves an axis one step every
    // 26 units. The drawings change under the pointer, so it is the stage that follows it.
    function drag(down) {
      const handle = down.target.closest("[data-drag-x], [data-drag-y]");
      if (!handle || down.button) return;
      down.preventDefault();
      down.stopPropagation();
      stop();
      const svg = handle.ownerSVGElement;
      const pixels = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width; // of a unit
      const ways = [[handle.dataset.dragX, "clientX"], [handle.dataset.dragY, "clientY"]]
        .filter(([mark]) => mark)
        .map(([mark, along]) => {
          const [name, units] = mark.split(":");
          const k = axes.findIndex((axis) => axis.name === name);
          return { k, along, from: chosen[k], step: Number(units) * pixels };
        });
      const move = (event) => {
        for (const { k, along, from, step } of ways) {
          const steps = Math.round((event[along] - down[along]) / step);
          const value = Math.max(0, Math.min(axes[k].values.length - 1, from + steps));
          if (value !== chosen[k]) choose(k, value);
        }
      };
      const end = () => {
        stage.removeEventListener("pointermove", move);
        stage.classList.remove("bb-dragging");
      };
      stage.setPointerCapture(down.pointerId);
      stage.classList.add("bb-dragging");
      stage.addEventListener("pointermove", move);
      stage.addEventListener("lostpointercapture", end, { once: true });
    }

    // Addresses such as vgg.html?costs.count=macs#explorer-costs: only what is not as at the start.
    function asked() {
      const found = new URLSearchParams(location.search);
      return axes.map(({ name, keys, start }) => {
        const value = keys.indexOf(found.get(prefix + name));
        return value < 0 ? start : value;
      });
    }

    function write() {
      const names = axes.map((axis) => prefix + axis.name);
      const others = location.search.slice(1).split("&");
      const kept = others.filter((part) => part && !names.includes(part.split("=")[0]));
      const own = axes.map(({ keys }, k) => `${names[k]}=${encodeURIComponent(keys[chosen[k]])}`);
      const parts = [...kept, ...own.filter((_, k) => chosen[k] !== beginning[k])];
      const wanted = parts.length ? `?${parts.join("&")}` : "";
      if (wanted === location.search) return;
      try {
        history.replaceState(history.state, "", location.pathname + wanted + location.hash);
      } catch {
        /* a page that was opened from disk may not do this in every browser */
      }
      query = location.search;
    }

    async function copyLink() {
      write();
      const link = `${location.href.split("#")[0]}#${figure.id}`;
      let said = "Copied";
      try {
        await navigator.clipboard.writeText(link);
      } catch {
        location.hash = figure.id;
        said = "See the address bar";
      }
      this.textContent = voice.textContent = said;
      setTimeout(() => (this.textContent = "Link"), 2000);
    }
  }

  // What compression.py wrote: literal text, and references to earlier text: three digits that say
  // how far back to go, and two for how much of it.
  function unpack(packed, length) {
    const codes = new Uint16Array(length);
    const number = (from, to) => {
      let sum = 0;
      for (let k = from; k < to; k++) sum = sum * DIGITS.length + DIGITS.indexOf(packed[k]);
      return sum;
    };
    let end = 0;
    for (let k = 0; k < packed.length; k++) {
      if (packed[k] !== "`" || packed[++k] === "`") {
        codes[end++] = packed.charCodeAt(k);
      } else {
        const from = end - number(k, k + 3);
        const count = number(k + 3, k + 5);
        codes.copyWithin(end, from, from + count);
        end += count;
        k += 4;
      }
    }
    return new TextDecoder("utf-16le").decode(codes).split("\n");
  }
})();
