(() => {
  for (const quiz of document.querySelectorAll('[id="FIGURE_ID"]')) {
    if (!quiz.dataset.ready) start(quiz);
  }

  function start(quiz) {
    quiz.dataset.ready = "true";
    quiz.dataset.lmSuppressShortcuts = "true"; // JupyterLab's, which would take the keys
    for (const name of ["keydown", "keyup", "keypress", "mousedown", "pointerdown"]) {
      quiz.addEventListener(name, (event) => event.stopPropagation());
    }
    const questions = [...quiz.querySelectorAll(".bb-question")];
    const score = document.createElement("p");
    const first = new Map(); // question -> whether its first answer was right
    const random = randomNumbers();
    score.className = "bb-score";
    score.setAttribute("role", "status");
    questions.forEach((question) => prepare(question));
    quiz.append(score);

    function prepare(question) {
      const key = question.querySelector("details");
      const reasons = [...key.querySelectorAll("li")];
      const reply = document.createElement("p");
      reply.className = "bb-reply";
      reply.setAttribute("role", "status");
      const options = [...question.querySelectorAll(".bb-options > li")];
      options.forEach((option, k) => {
        const button = document.createElement("button");
        button.type = "button";
        button.append(...option.childNodes);
        button.addEventListener("click", () => {
          const right = "right" in reasons[k].dataset;
          button.dataset.chosen = right ? "right" : "wrong";
          const verdict = document.createElement("strong");
          verdict.textContent = right ? "✓ Right. " : "✗ Not quite. ";
          const reason = reasons[k].querySelector(".bb-reason").cloneNode(true);
          reply.replaceChildren(verdict, ...reason.childNodes);
          reply.dataset.verdict = button.dataset.chosen;
          if (!first.has(question)) first.set(question, right);
          if (first.size === questions.length) {
            const count = [...first.values()].filter(Boolean).length;
            score.textContent = `${count} of ${questions.length} right at the first try.`;
          }
        });
        option.append(button);
      });
      shuffle(options);
      options[0].parentElement.append(...options);
      key.replaceWith(reply);
    }

    function shuffle(items) {
      for (let k = items.length - 1; k > 0; k--) {
        const other = Math.floor(random() * (k + 1));
        [items[k], items[other]] = [items[other], items[k]];
      }
    }
  }

  // Numbers from 0 to 1 (mulberry32), others for each visitor and each quiz, but the same when the
  // page is loaded again.
  function randomNumbers() {
    let seed = Math.floor(Math.random() * 2 ** 32);
    try {
      seed = Number(sessionStorage.getItem("backbones-quiz") ?? seed);
      sessionStorage.setItem("backbones-quiz", seed);
    } catch {
      /* no storage in a notebook's frame: another order every time */
    }
    let state = seed ^ parseInt("FIGURE_ID".slice(3), 16);
    return () => {
      state = (state + 0x6d2b79f5) | 0;
      let t = Math.imul(state ^ (state >>> 15), 1 | state);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
    };
  }
})();
