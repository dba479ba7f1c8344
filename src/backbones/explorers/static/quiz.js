(() => {
  // The same output can stand twice on a page: take every quiz that is not ready yet.
  for (const quiz of document.querySelectorAll(".bb-quiz:not([data-ready])")) start(quiz);

  function start(quiz) {
    quiz.dataset.ready = "true";
    quiz.dataset.lmSuppressShortcuts = "true"; // JupyterLab's, which would take the keys
    for (const name of ["keydown", "keyup", "keypress", "mousedown", "pointerdown"]) {
      quiz.addEventListener(name, (event) => event.stopPropagation());
    }
    const questions = [...quiz.querySelectorAll(".bb-question")];
    const score = status("bb-score");
    const first = new Map(); // question -> whether its first answer was right
    questions.forEach(prepare);
    quiz.append(score);

    function prepare(question) {
      const key = question.querySelector("details");
      const reasons = [...key.querySelectorAll("li")];
      const reply = status("bb-reply");
      question.querySelectorAll(".bb-options > li").forEach((option, k) => {
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
      key.replaceWith(reply);
    }
  }

  function status(name) {
    const node = document.createElement("p");
    node.className = name;
    node.setAttribute("role", "status");
    return node;
  }
})();
