// The browser's right side: one sample, what was asked, and what each run answered.

function detail(number, place) {
  const task = data.tasks[number],
    texts = block(`task-${number}`),
    asked = texts.inputs[place];
  const parts = [heading(task, place)];
  if (asked) parts.push(askedPart(asked, chosenBy(texts, place)));
  else
    parts.push(
      make(
        "p",
        { class: "quiet" },
        "The question is not shown: its data was not at hand when this page was made (--data-dir).",
      ),
    );
  const answers = runs
    .map((run, own) => answerCard(run, own, task, place, texts.answers[own][place]))
    .filter((own) => own);
  parts.push(make("div", { class: "answers" }, answers));
  page("detail").replaceChildren(...parts);
  page("detail").scrollTop = 0;
}

function heading(task, place) {
  const to = (step) => () => {
    const at = browser.at + step;
    if (at >= 0 && at < browser.found.length) select(at);
  };
  return make(
    "div",
    { class: "top" },
    make("button", { onclick: backToList, class: "narrow" }, "← list"),
    make("h2", {}, `${task.task} / ${task.ids[place]}`),
    make("a", { href: address(task.task, task.ids[place]), id: "permalink" }, "link to this"),
    make("button", { onclick: to(-1), "aria-label": "previous sample" }, "↑"),
    make("button", { onclick: to(1), "aria-label": "next sample" }, "↓"),
  );
}

// Which runs' answers were read as what.
function chosenBy(texts, place) {
  const by = new Map();
  texts.answers.forEach((own, run) => {
    const read = own[place] ? String(own[place].read) : null;
    if (read !== null) by.set(read, [...(by.get(read) ?? []), run]);
  });
  return by;
}

function option(label, text, target, by) {
  const chosen = (by.get(label) ?? []).map((run) =>
    make("span", {
      class: "swatch " + colour(run),
      role: "img",
      title: runs[run].name,
      "aria-label": `read of ${runs[run].name}`,
    }),
  );
  return make("li", { class: isGold(label, text, target) ? "gold" : null }, `${label}. ${text} `, chosen);
}

function askedPart(asked, by) {
  const pictures = asked.media.map(([kind, digest], at) => picture(kind, digest, at + 1));
  const options = Object.entries(asked.choices).map(([label, text]) => option(label, text, asked.target, by));
  const groups = Object.entries(asked.group)
    .map(([grouping, own]) => `${grouping}: ${own}`)
    .join(" · ");
  const words = [
    make("p", { class: "question" }, asked.question),
    options.length ? make("ul", { class: "choices" }, options) : null,
    make("p", {}, make("span", { class: "quiet" }, "target "), make("strong", { id: "target" }, asked.target)),
    groups ? make("p", { class: "quiet" }, groups) : null,
    make(
      "details",
      {},
      make("summary", {}, "prompt as it was sent"),
      asked.prompt.map((turn) => make("pre", { class: "said" }, turn)),
    ),
  ];
  return make(
    "div",
    { class: pictures.length === 1 ? "asked beside" : "asked" },
    pictures.length ? make("div", { class: "media" }, pictures) : null,
    make("div", {}, words),
  );
}

function isGold(label, text, target) {
  return label === target || (text === target && target !== "");
}

function picture(kind, digest, number) {
  const known = block("media")[digest];
  const name = `${kind} ${number}`;
  const caption = make(
    "figcaption",
    { class: "quiet" },
    `${name}${kind === "video" && known ? ", its middle frame" : ""} · ${digest ? digest.slice(0, 12) : "cannot be read"}`,
  );
  if (known) return make("figure", {}, enlarging(make("img", { src: known, alt: name })), caption);
  return make("figure", {}, make("div", { class: "lost quiet" }, `${name} is not in this page`), caption);
}

function enlarging(image) {
  const button = make("button", { class: "picture", "aria-expanded": "false", title: "larger or smaller" }, image);
  button.addEventListener("click", () => {
    const large = button.getAttribute("aria-expanded") === "false";
    button.setAttribute("aria-expanded", String(large));
    button.closest(".asked").classList.toggle("large", large);
  });
  return button;
}

function answerCard(run, own, task, place, answer) {
  if (!answer) return null;
  const value = task.values[own][place],
    verdict = verdictOf(value);
  const grade = value === null ? "ungraded" : verdict === "partly" ? `partly right (${fixed(value)})` : verdict;
  const top = make(
    "div",
    { class: "top" },
    make("span", {}, swatch(own), run.name),
    make("span", { class: `verdict ${verdict}` }, `${SIGNS[verdict]} ${grade}`),
  );
  return make("div", { class: "answer" }, top, said(answer), facts(answer));
}

function said(answer) {
  const parts = [];
  if (answer.error) parts.push(make("h3", {}, "error"), make("pre", { class: "said" }, answer.error));
  (answer.text ?? []).forEach((text, turn) => {
    const thought = answer.thinking[turn];
    parts.push(make("h3", {}, answer.text.length > 1 ? `answer ${turn + 1}` : "answer"));
    if (thought)
      parts.push(
        make(
          "details",
          {},
          make("summary", {}, `thinking (${whole(thought.length)} characters)`),
          make("pre", { class: "said" }, thought),
        ),
      );
    parts.push(make("pre", { class: "said" }, text || "(empty)"));
  });
  if (!answer.text) parts.push(make("p", { class: "quiet" }, "no answer is stored"));
  return parts;
}

function facts(answer) {
  const parts = [
    make("h3", {}, "read as"),
    make("pre", { class: "said" }, answer.read === null ? "(nothing could be read)" : String(answer.read)),
    make("p", { class: "quiet" }, `why: ${answer.why}`),
  ];
  for (const [judge, inquiry, text] of answer.verdicts) {
    parts.push(make("h3", {}, `judge ${judge}${inquiry ? `, ${inquiry}` : ""}`), make("pre", { class: "said" }, text));
  }
  const scores = Object.entries(answer.parts).map(
    ([name, value]) => `${name} ${typeof value === "number" ? Number(value.toPrecision(5)) : JSON.stringify(value)}`,
  );
  if (scores.length) parts.push(make("p", { class: "quiet" }, `parts: ${scores.join(", ")}`));
  if (answer.tokens)
    parts.push(
      make(
        "p",
        { class: "quiet" },
        `${whole(answer.tokens[0])} tokens in, ${whole(answer.tokens[1])} out · ${fixed(answer.seconds)} s · ${answer.finish === "length" ? "cut off at the token limit" : `finish: ${answer.finish}`}`,
      ),
    );
  if (answer.several)
    parts.push(
      make(
        "p",
        { class: "wrong" },
        `${answer.several + 1} answers are stored for this sample; the latest is shown, and only the data can tell which was graded.`,
      ),
    );
  return parts;
}

function missing(task, id) {
  const text = id === undefined ? "Choose a sample on the left." : `${task} has no sample ${id} here.`;
  page("detail").replaceChildren(make("p", { class: "quiet" }, text));
}
