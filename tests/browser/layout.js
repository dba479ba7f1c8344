/* What is wrong with the layout of a page: figure, kind of fault, and what it is in words.
   Evaluated in the page by layout.py; `options` are the bounds given there. */
(options) => {
  const faults = new Map();
  const report = (figure, kind, words) => faults.set([figure, kind, words].join("\n"),
    [figure, kind, words]);
  const short = (text, length = 60) => {
    const words = text.replace(/\s+/g, " ").trim();
    return words.length > length ? `${words.slice(0, length - 1)}…` : words;
  };
  const shown = (e) => e.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  const px = (length) => `${Math.round(10 * length) / 10} px`;

  // -- colours -------------------------------------------------------------
  const ink = Object.assign(document.createElement("canvas"), { width: 1, height: 1 })
    .getContext("2d", { willReadFrequently: true });
  const known = new Map();
  // Any CSS colour as red, green, blue from 0 to 255 and opacity from 0 to 1.
  const rgba = (color) => {
    if (!known.has(color)) {
      ink.clearRect(0, 0, 1, 1);
      ink.fillStyle = color;
      ink.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = ink.getImageData(0, 0, 1, 1).data;
      known.set(color, [r, g, b, a / 255]);
    }
    return known.get(color);
  };
  const over = ([r, g, b, a], below, opacity = 1) =>
    [r, g, b].map((value, k) => value * a * opacity + below[k] * (1 - a * opacity));
  const paper = (e) => {
    const layers = [];
    for (let p = e; p; p = p.parentElement) {
      if (p instanceof HTMLElement) layers.unshift(rgba(getComputedStyle(p).backgroundColor));
    }
    return layers.reduce((below, layer) => over(layer, below), [255, 255, 255]);
  };
  const luminance = (color) => {
    const [r, g, b] = color.map((value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (one, other) => {
    const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const opacity = (e, root) => {
    let product = 1;
    for (let p = e; p && p !== root.parentElement; p = p.parentElement) {
      product *= Number(getComputedStyle(p).opacity);
    }
    return product;
  };

  // -- words in drawings ---------------------------------------------------
  const nameOf = (svg) => {
    const figure = svg.closest("figure");
    const title = figure?.querySelector("figcaption strong")?.textContent;
    const alt = svg.getAttribute("aria-label") || svg.querySelector(":scope > title")?.textContent;
    const heading = [...document.querySelectorAll("h2, h3")]
      .filter((h) => h.compareDocumentPosition(svg) & Node.DOCUMENT_POSITION_FOLLOWING).pop();
    const place = heading ? `${short(heading.textContent.replace(/#$/, ""))}: ` : "";
    return place + short([title, alt].filter(Boolean).join(": ") || svg.outerHTML);
  };
  const drawings = () => [...document.querySelectorAll("svg")].filter((svg) =>
    !svg.parentElement.closest("svg") && !svg.closest('[aria-hidden="true"]')
    && shown(svg) && svg.getBoundingClientRect().width > 0);

  // The ink of a text on the screen: as wide as it runs, as high as its own letters.
  const inkBox = (text, style) => {
    const box = text.getBBox(), matrix = text.getScreenCTM();
    ink.font = `${style.fontStyle} ${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    const letters = ink.measureText(text.textContent);
    const lines = text.querySelector("tspan:is([x], [y], [dy])");
    const base = lines ? 0 : text.getStartPositionOfChar(0).y;
    const top = lines ? box.y : base - letters.actualBoundingBoxAscent;
    const bottom = lines ? box.y + box.height : base + letters.actualBoundingBoxDescent;
    const corners = [[box.x, top], [box.x + box.width, top], [box.x, bottom],
      [box.x + box.width, bottom]].map(([x, y]) => new DOMPoint(x, y).matrixTransform(matrix));
    const [xs, ys] = [corners.map((c) => c.x), corners.map((c) => c.y)];
    return { corners, left: Math.min(...xs), right: Math.max(...xs),
      top: Math.min(...ys), bottom: Math.max(...ys) };
  };
  // How deep two boxes, which may be turned, lie in each other; negative where they do not meet.
  const depth = (one, other) => {
    const depths = [one, other].flatMap(({ corners: [a, b, c] }) => [[a, b], [a, c]])
      .map(([from, to]) => {
        const length = Math.hypot(to.x - from.x, to.y - from.y) || 1;
        const [u, v] = [(to.x - from.x) / length, (to.y - from.y) / length];
        const [mine, theirs] = [one, other].map(({ corners }) => {
          const along = corners.map((corner) => corner.x * u + corner.y * v);
          return [Math.min(...along), Math.max(...along)];
        });
        return Math.min(mine[1], theirs[1]) - Math.max(mine[0], theirs[0]);
      });
    return Math.min(...depths);
  };
  const scale = (matrix) => Math.sqrt(Math.abs(matrix.a * matrix.d - matrix.b * matrix.c));

  // The window that shows a drawing: its view box on the screen.
  const windowOf = (svg) => {
    const box = svg.viewBox.baseVal, matrix = svg.getScreenCTM();
    if (!box || !box.width) return svg.getBoundingClientRect();
    const [a, b] = [new DOMPoint(box.x, box.y), new DOMPoint(box.x + box.width, box.y + box.height)]
      .map((point) => point.matrixTransform(matrix));
    return { left: a.x, top: a.y, right: b.x, bottom: b.y };
  };

  // The shapes of a drawing that cover something, in their order.
  const shapesOf = (svg) => [...svg.querySelectorAll("path, rect, circle, ellipse, polygon, image")]
    .filter((shape) => !shape.closest("defs, clipPath, symbol"))
    .map((shape) => ({ shape, style: getComputedStyle(shape), box: shape.getBoundingClientRect() }))
    .filter(({ shape, style, box }) => (shape.tagName === "image" || style.fill !== "none")
      && box.width && shown(shape));

  // What is painted below a place of a drawing; null where it is a picture.
  const below = (text, svg, shapes, page, x, y) => {
    let color = page;
    for (const { shape, style, box } of shapes) {
      if (x < box.left || x > box.right || y < box.top || y > box.bottom) continue;
      if (!(shape.compareDocumentPosition(text) & Node.DOCUMENT_POSITION_FOLLOWING)) continue;
      if (shape.tagName === "image") {
        color = null;
        continue;
      }
      const point = new DOMPoint(x, y).matrixTransform(shape.getScreenCTM().inverse());
      if (!shape.isPointInFill(point)) continue;
      if (style.fill.startsWith("url")) return null;
      const strength = Number(style.fillOpacity) * opacity(shape, svg);
      color = over(rgba(style.fill), color ?? page, strength);
    }
    return color;
  };

  const checkDrawing = (svg, state, where = nameOf(svg)) => {
    const frame = windowOf(svg), page = paper(svg.parentElement), shapes = shapesOf(svg);
    const texts = [...svg.querySelectorAll("text")]
      .filter((text) => text.textContent.trim() && shown(text) && !text.closest("defs, symbol"));
    const boxes = texts.map((text) => {
      const style = getComputedStyle(text), words = `'${short(text.textContent)}'`;
      const box = inkBox(text, style);
      const out = Math.max(frame.left - box.left, box.right - frame.right,
        frame.top - box.top, box.bottom - frame.bottom);
      if (out > options.outside) report(where, "clipped", `${words}${state} by ${px(out)}`);
      const size = parseFloat(style.fontSize) * scale(text.getScreenCTM());
      if (size < options.smallest - 0.05) {
        report(where, "too small", `${words} ${px(size)}`);
      }
      const large = size >= 24 || (size >= 18.6 && Number(style.fontWeight) >= 700);
      // A sign without letters or digits, such as a star, is a drawing.
      const sign = !/[\p{L}\p{N}]/u.test(text.textContent);
      const needed = large || sign ? 3 : options.contrast;
      for (const share of [0.1, 0.5, 0.9]) {
        const x = box.left + share * (box.right - box.left);
        const back = below(text, svg, shapes, page, x, (box.top + box.bottom) / 2);
        if (!back) continue;
        const strength = Number(style.fillOpacity) * opacity(text, svg);
        const ratio = contrast(over(rgba(style.fill), back, strength), back);
        if (ratio < needed - 0.05) {
          report(where, "of low contrast", `${words}${state} ${ratio.toFixed(1)} to 1`);
          break;
        }
      }
      return { box, words, intended: text.closest('[data-overlap="intended"]') };
    });
    boxes.forEach((one, k) => boxes.slice(k + 1).forEach((other) => {
      if (one.intended || other.intended) return;
      const by = depth(one.box, other.box);
      if (by > options.overlap) {
        report(where, "overlapping", `${one.words} and ${other.words}${state} by ${px(by)}`);
      }
    }));
  };

  // -- the states of explorers ---------------------------------------------
  // Hide the rest of the article, which would be laid out anew for every state; returns the undoing.
  // It keeps its layout while it is hidden, so that showing it again costs nothing.
  const alone = (figure) => {
    const hidden = [];
    for (let p = figure; p.parentElement?.closest("article"); p = p.parentElement) {
      hidden.push(...[...p.parentElement.children]
        .filter((sibling) => sibling !== p && !sibling.matches("style, script")));
    }
    hidden.forEach((e) => e.style.setProperty("content-visibility", "hidden", "important"));
    return () => hidden.forEach((e) => e.style.removeProperty("content-visibility"));
  };
  // All of them; where there are very many, first, start and last of each slider and every choice.
  const checkExplorer = (figure) => {
    const stage = figure.querySelector(".bb-stage");
    const title = `explorer ${short(figure.querySelector("figcaption strong")?.textContent ?? "")}`;
    const controls = [...figure.querySelectorAll('input[type="range"]')].map((input) => ({
      values: [...Array(Number(input.max) + 1).keys()],
      few: [...new Set([0, Number(input.value), Number(input.max)])],
      set: (value) => {
        input.value = value;
        input.dispatchEvent(new Event("input", { bubbles: true }));
      },
      start: input.value,
    }));
    for (const group of figure.querySelectorAll(".bb-controls fieldset")) {
      const inputs = [...group.querySelectorAll('input[type="radio"]')];
      controls.push({
        values: inputs.map((_, k) => k),
        few: inputs.map((_, k) => k),
        set: (k) => inputs[k].click(),
        start: inputs.findIndex((input) => input.checked),
      });
    }
    const count = controls.reduce((product, control) => product * control.values.length, 1);
    let states = [[]];
    for (const { values, few } of controls) {
      const chosen = count > options.states ? few : values;
      states = states.flatMap((state) => chosen.map((value) => [...state, value]));
    }
    const every = Math.max(1, Math.ceil(states.length / options.states));
    const show = alone(figure);
    states.filter((_, k) => k % every === 0).forEach((state) => {
      state.forEach((value, k) => controls[k].set(value));
      const said = controls.length ? ` (state ${state.join(", ")})` : "";
      // Of an impossible state what it says is looked at, not what is left of the last drawing.
      const refused = stage?.matches(".bb-impossible");
      for (const svg of refused ? [] : stage?.querySelectorAll("svg") ?? []) {
        if (!svg.parentElement.closest("svg") && shown(svg)) checkDrawing(svg, said, title);
      }
      if (stage) textsIn(stage).forEach(checkText);
    });
    controls.forEach((control) => control.set(control.start));
    show();
  };

  // -- words outside of drawings -------------------------------------------
  const rectOf = (e) => {
    const r = e.getBoundingClientRect();
    const [left, top] = [r.left + e.clientLeft, r.top + e.clientTop];
    return { left, top, right: left + e.clientWidth, bottom: top + e.clientHeight };
  };
  const handled = new Map(); // element -> how it treats what is larger than itself
  const treatment = (e) => {
    if (!handled.has(e)) {
      const style = getComputedStyle(e);
      const hides = (value) => value === "hidden" || value === "clip";
      const scrolls = (value) => value === "auto" || value === "scroll";
      handled.set(e, {
        x: hides(style.overflowX) ? "cut" : scrolls(style.overflowX) ? "scroll" : "",
        y: hides(style.overflowY) ? "cut" : scrolls(style.overflowY) ? "scroll" : "",
        aside: style.clipPath !== "none" || style.clip !== "auto",
      });
    }
    return handled.get(e);
  };
  const textsIn = (root) => {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT), found = [];
    while (walker.nextNode()) found.push(walker.currentNode);
    return found.filter(({ data, parentElement: e }) => data.trim() && e instanceof HTMLElement
      && !e.closest("script, style, noscript") && shown(e));
  };
  const checkText = (node) => {
    const e = node.parentElement, style = getComputedStyle(e);
    const size = parseFloat(style.fontSize);
    if (size < options.smallest - 0.05 && !e.closest(".katex, sub, sup")) {
      const holder = e.closest("figure, table, nav, p, div") ?? e;
      report(`${holder.tagName} ${holder.className}`, "too small",
        `'${short(node.data)}' ${px(size)}`);
    }
    const range = document.createRange();
    range.selectNodeContents(node);
    const box = range.getBoundingClientRect();
    let reach = { left: box.left, right: box.right, top: box.top, bottom: box.bottom };
    for (let p = e; p && p !== document.body; p = p.parentElement) {
      const how = treatment(p);
      if (how.aside) return; // meant for screen readers only
      if (!how.x && !how.y) continue;
      const edge = rectOf(p);
      const wide = Math.max(edge.left - reach.left, reach.right - edge.right);
      const high = Math.max(edge.top - reach.top, reach.bottom - edge.bottom);
      const by = Math.max(how.x === "cut" ? wide : 0, how.y === "cut" ? high - 0.2 * size : 0);
      if (by > options.outside) {
        report(`${p.tagName} ${p.className}`, "clipped", `'${short(node.data)}' by ${px(by)}`);
        return;
      }
      if (how.x === "scroll" || how.y === "scroll") reach = edge; // the rest can be scrolled to
    }
  };

  // -- the page --------------------------------------------------------------
  for (const fold of document.querySelectorAll("details")) fold.open = true;
  for (const options of document.querySelectorAll(".bb-options")) {
    options.querySelectorAll("button").forEach((button) => button.click());
  }
  for (const figure of document.querySelectorAll("figure.bb-explorer")) {
    if (shown(figure)) checkExplorer(figure);
  }
  for (const svg of drawings()) {
    if (!svg.closest(".bb-stage")) checkDrawing(svg, "");
  }
  textsIn(document.body).forEach(checkText);
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > width) {
    const cut = (e) => {
      for (let p = e.parentElement; p && p !== document.body; p = p.parentElement) {
        if (getComputedStyle(p).overflowX !== "visible") return true;
      }
      return false;
    };
    [...document.querySelectorAll("body *")]
      .filter((e) => e.getBoundingClientRect().right > width + 0.5 && !cut(e))
      .slice(0, 5)
      .forEach((e) => report(`${e.tagName} ${e.className.baseVal ?? e.className}`,
        "wider than the page", `'${short(e.textContent)}' by `
        + px(e.getBoundingClientRect().right - width)));
  }
  return [...faults.values()];
}
