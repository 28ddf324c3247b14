// Draws the state that Python sends and sends back what a person does. Knows blocks, not steps: no words, no rules here.

const h = (tag, attributes = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  // Strings become text nodes: whatever a server calls itself stays text.
  node.append(...children.filter((child) => child != null && child !== ""));
  return node;
};

const LARGEST_FILE = 1_000_000;

// Each wizard on a page loads this module anew, so counting alone would give two of them the same names.
const here = Math.random().toString(36).slice(2);
let unique = 0;
const name = (what) => `cave-setup-${what}-${here}-${unique++}`;

// ------------------------------------------------------------------------------------------------------------ blocks
// One function a kind; each gets the block and the wizard, and gives a node.

const blocks = {
  text: (block) => h("p", { class: block.tone }, block.text),

  head: (block) => h("h4", {}, block.text),

  // What has just been done on a click here; the person is taken to it.
  done: (block) => h("p", { class: "good", tabindex: "-1" }, block.text),

  waiting: (block) => h("p", { class: "waiting-for", "data-for": block.id }, h("span", { class: "spin", "aria-hidden": "true" }), block.text),

  buttons: (block, wizard) => h("div", { class: "row" }, ...block.items.map((item) => control(item, wizard))),

  key: (block, wizard) =>
    h("div", { class: "key" },
      h("div", {}, h("b", {}, block.name), " ", block.own && h("span", { class: "own" }, block.own)),
      h("span", { class: "note" }, block.detail),
      // The name once more for those who hear the buttons one by one.
      h("div", { class: "row", role: "group", "aria-label": block.name }, ...block.items.map((item) => control(item, wizard)))),

  terms: (block, wizard) => {
    const tick = h("input", { type: "checkbox" });
    const accept = h("button", { class: "go", type: "submit", disabled: true }, block.button);
    tick.addEventListener("change", () => { accept.disabled = !tick.checked; });
    const send = (event) => {
      event.preventDefault();
      if (tick.checked) wizard.send({ action: "accept", terms: block.terms, agreed: true });
    };
    return h("form", { class: "accept", onsubmit: send },
      h("div", { class: "terms", role: "region", "aria-label": block.label, tabindex: "0" }, ...block.body.map(grown)),
      h("label", {}, tick, h("span", {}, block.tick)),
      h("div", { class: "row" }, accept, control(block.page, wizard)));
  },

  files: (block) =>
    h(
      "div", { class: "files" },
      h("h4", {}, block.label),
      h("ul", {}, ...block.rows.map((row) =>
        h("li", { class: row.tone },
          h("code", {}, ...breakable(row.path)),
          h("span", { class: "note" }, row.reader && `${row.reader} · `, h("b", {}, row.verdict))))),
    ),

  code: (block, wizard) => {
    const code = h("code", { tabindex: "0" }, block.text);
    const copy = h("button", { class: "quiet copy", type: "button", onclick: () => copyText(block.text, code, wizard) }, block.copy);
    return h("div", { class: "code" }, h("pre", {}, code), copy);
  },

  rich: (block) => h("div", { class: `rich ${block.tone}` }, ...block.body.map(grown)),

  // Changed in place as well: it stays open while what is in it changes.
  more: (block, wizard) => {
    const inside = { body: h("div", { class: "inner" }), drawn: new Map() };
    const title = h("summary");
    const node = h("details", { class: "more" }, title, inside.body);
    node.update = (next) => {
      title.textContent = next.title;
      wizard.drawBlocks(inside, next.body);
    };
    node.update(block);
    return node;
  },

  // A step of a guide is changed in place, so that what a person has opened stays open while something is found out.
  guide: (block, wizard) => {
    const mark = h("span", { class: "at", "aria-hidden": "true" });
    const state = h("span", { class: "hidden" });
    const found = h("span", { class: "found" });
    const inside = { body: h("div", { class: "inner" }), drawn: new Map() };
    const title = h("span", { class: "guide-title" });
    const node = h("details", { class: "guide" }, h("summary", {}, mark, title, state, found), inside.body);
    node.update = (next) => {
      const isAtWork = inside.body.contains(document.activeElement) && next.stage === node.dataset.stage;
      if (next.stage !== node.dataset.stage) node.open = next.stage === "now";
      node.dataset.stage = next.stage;
      title.textContent = next.title;
      mark.textContent = next.stage === "done" ? "✓" : next.number;
      state.textContent = ` (${next.stageText})`;
      found.replaceChildren(...next.found.map((sentence) => h("span", { class: next.tone }, sentence)));
      wizard.drawBlocks(inside, next.body);
      // A control that gave way to another one hands the focus on.
      if (isAtWork && !node.contains(document.activeElement)) inside.body.querySelector("a, input, button")?.focus();
    };
    node.update(block);
    return node;
  },

  picture: (block, wizard) => {
    const button = h("button", { type: "button", title: block.enlarge, "aria-label": block.enlarge, onclick: () => enlarge(block, button, wizard) });
    return h("div", { class: "picture" }, drawing(block), button);
  },

  field: (block, wizard) => {
    const id = name("field");
    const input = h("input", { id, type: "text", autocomplete: "off", spellcheck: "false", placeholder: block.placeholder, "aria-describedby": `${id}-hint ${id}-error` });
    const error = h("p", { class: "error", id: `${id}-error` });
    const send = (event) => {
      event.preventDefault();
      wizard.send({ action: block.action, text: input.value });
    };
    const form = h("form", { class: "field", onsubmit: send },
      h("label", { for: id }, block.label),
      h("div", { class: "row" }, input, h("button", { class: "quiet", type: "submit" }, block.button)),
      error, h("p", { class: "note", id: `${id}-hint` }, block.hint));
    form.update = tells(error, input);
    form.update(block);
    return form;
  },

  choice: (block, wizard) => {
    const group = name("choice");
    const send = (event) => {
      event.preventDefault();
      const chosen = event.target.querySelector("input:checked");
      wizard.opener = null; // what was opened for this is over
      wizard.send({ action: block.action, value: block.options[Number(chosen.value)].value });
    };
    return h(
      "form", { class: "choice", onsubmit: send },
      h("fieldset", {},
        h("legend", {}, block.label),
        ...block.options.map((option, index) =>
          h("label", {},
            h("input", { type: "radio", name: group, value: index, checked: index === 0 }),
            h("span", {}, option.label, option.detail && h("span", { class: "note" }, ` · ${option.detail}`))))),
      h("div", { class: "row" }, h("button", { class: "go", type: "submit" }, block.button)),
    );
  },

  paste: (block, wizard) => {
    const id = name("paste");
    // A password field, so that nobody looks over a shoulder; read and emptied in the same moment; never synced.
    const input = h("input", {
      id, type: "password", autocomplete: "off", spellcheck: "false", placeholder: block.placeholder,
      "data-1p-ignore": true, "data-lpignore": "true", "aria-describedby": `${id}-hint ${id}-error`,
      onpaste: (event) => {
        const text = event.clipboardData?.getData("text");
        if (!text) return;
        event.preventDefault(); // with its line breaks, which the field would drop, and without resting in the page
        input.value = "";
        wizard.send({ action: "paste" }, secret(text));
      },
    });
    const error = h("p", { class: "error", id: `${id}-error` });
    const send = (event) => {
      event.preventDefault();
      const text = input.value;
      input.value = "";
      wizard.send({ action: "paste" }, secret(text));
    };
    const file = h("input", { type: "file", class: "hidden", onchange: () => sendFile(file.files[0], wizard) });
    const form = h(
      "form", {
        class: "paste", autocomplete: "off", onsubmit: send,
        ondragover: (event) => { event.preventDefault(); event.stopPropagation(); form.classList.add("over"); },
        ondragleave: () => form.classList.remove("over"),
        ondrop: (event) => {
          event.preventDefault();
          event.stopPropagation(); // or JupyterLab would upload the file, token and all, into the file browser
          form.classList.remove("over");
          const [dropped] = event.dataTransfer.files;
          if (dropped) sendFile(dropped, wizard);
          else wizard.send({ action: "paste" }, secret(event.dataTransfer.getData("text")));
        },
      },
      h("label", { for: id }, block.label),
      h("div", { class: "row" }, input, h("button", { class: "quiet", type: "submit" }, block.button)),
      error,
      h("p", { class: "note", id: `${id}-hint` }, block.hint, h("label", { class: "link file" }, block.choose, file), "."),
    );
    form.update = tells(error, input);
    form.update(block);
    return form;
  },
};

// What is wrong with what was entered comes and goes in place, so that the focus stays in the field.
const tells = (error, input) => ({ error: text }) => {
  error.textContent = text;
  input.setAttribute("aria-invalid", String(Boolean(text)));
};

// The text of terms comes as a tree. Nothing but these is made of it, whatever it says.
const GROWS = new Set(["p", "h4", "ul", "ol", "li", "blockquote", "strong", "em", "a", "hr", "br", "code", "pre"]);
const grown = (tree) => {
  if (typeof tree === "string") return tree;
  const [tag, { href, start }, ...children] = tree;
  const attributes = tag === "ol" ? { start } : {};
  if (tag === "a" && /^(https?:|mailto:)/.test(href)) Object.assign(attributes, { href, target: "_blank", rel: "noopener noreferrer" });
  return h(GROWS.has(tag) ? tag : "span", attributes, ...children.map(grown));
};

// The guides' own drawings, which travel with the package; parsed as SVG, in which nothing of them is run.
const drawing = ({ svg, alt }) => {
  const node = document.importNode(new DOMParser().parseFromString(svg, "image/svg+xml").documentElement, true);
  node.setAttribute("aria-label", alt);
  return node;
};

const enlarge = (block, opener, wizard) => {
  const close = h("button", { class: "quiet", type: "button", onclick: () => dialog.close() }, block.close);
  const dialog = h("dialog", { class: "zoom", "aria-label": block.enlarge, onclick: (event) => { if (event.target === dialog) dialog.close(); }, onclose: () => {
    dialog.remove();
    if (!opener.checkVisibility()) wizard.root.querySelector("[data-stage=now] summary")?.focus(); // its step was folded
  } },
    h("div", {}, close, h("div", { class: "pan", tabindex: "0" }, drawing(block)), h("p", { class: "note", "aria-hidden": "true" }, block.alt)));
  wizard.root.append(dialog);
  dialog.showModal();
};

const control = (item, wizard) => (item.signIn ? signIn : item.copyToken ? copyToken : item.href ? link : button)(item, wizard);

const copyToken = (item, wizard) => {
  const node = h("button", { class: item.style, type: "button", onclick: () => wizard.copyToken(node, item.label) }, item.label);
  return node;
};

const signIn = (item, wizard) =>
  h("button", { class: item.style, type: "button", onclick: () => wizard.signIn(item.signIn) }, item.label);

const button = (item, wizard) =>
  h("button", {
    class: item.style, type: "button", "data-does": JSON.stringify(item.message),
    onclick: () => (item.edit ? wizard.edit(true) : wizard.press(item.message)),
  }, item.label);

const link = (item, wizard) => {
  const open = (event) => {
    if (item.opened && !wizard.send({ action: "opened", what: item.opened })) return event.preventDefault();
    if (item.window) {
      // At once, in the click itself, or the browser blocks it; with its opener, so that the page can tell us.
      const page = window.open(item.href, "_blank", "popup,width=560,height=760");
      if (page) event.preventDefault();
      wizard.termsPage = page && { window: page, origin: new URL(item.href, location.href).origin };
    }
  };
  return h("a", { class: item.style, href: item.href, target: "_blank", rel: item.window ? "opener" : "noopener noreferrer", onclick: open },
    item.label, h("span", { class: "out", "aria-hidden": "true" }, "↗"));
};

// What opens something else, and what puts it away again.
const OPENS = new Set(["place", "keys", "another", "guide", "ask-undo"]);
const BACK = JSON.stringify({ action: "back" });
const does = (part, message) => [...(part?.querySelectorAll("[data-does]") ?? [])].find((one) => one.dataset.does === message);

// A path may break after a slash or before a dash, and nowhere else.
const breakable = (path) => path.split(/(?<=[/])|(?=-)/).flatMap((part) => [h("wbr"), part]);

// What may be a token travels as bytes beside the message: a kernel that logs its messages does not write those down.
const secret = (text) => [new TextEncoder().encode(text).buffer];

async function sendFile(file, wizard) {
  if (!file) return;
  if (file.size > LARGEST_FILE) return wizard.complain(wizard.words.tooLarge);
  wizard.send({ action: "paste" }, [await file.arrayBuffer()]);
}

async function copyText(text, node, wizard) {
  try {
    await navigator.clipboard.writeText(text);
    wizard.tell(wizard.words.copied);
  } catch {
    getSelection().selectAllChildren(node);
    wizard.tell(wizard.words.copyFailed);
  }
}

// ------------------------------------------------------------------------------------------------------------ wizard

class WizardView {
  constructor(model, root) {
    this.model = model;
    this.said = null;
    this.termsPage = null;
    this.signInPage = null;
    const id = name("title");
    this.title = h("h2", { id });
    this.whereText = h("span");
    this.change = h("button", { class: "link", type: "button", "aria-expanded": "false", onclick: () => this.edit(this.form.hidden) });
    this.form = this.serverForm();
    this.pill = h("span", { class: "pill" });
    this.banner = h("p", { class: "banner", hidden: true });
    this.alert = h("p", { class: "alert", hidden: true });
    this.list = h("ol", { class: "steps" });
    this.anytime = h("span", { class: "row" });
    this.askFirst = h("input", { type: "checkbox", onchange: () => this.send({ action: "ask-first", on: this.askFirst.checked }) });
    this.askFirstText = h("span");
    this.checked = h("span", { class: "when" });
    this.notice = h("span", { class: "notice" });
    this.live = h("div", { class: "hidden", role: "status", "aria-live": "polite" });
    this.root = h(
      "section", { class: "cave-setup", "aria-labelledby": id },
      h("header", {},
        h("div", { class: "head" }, this.title, h("div", { class: "where" }, this.whereText, " · ", this.change)),
        this.pill),
      this.banner, this.form, this.alert, this.list,
      h("footer", {}, this.anytime, h("label", { class: "switch" }, this.askFirst, this.askFirstText), this.notice, this.checked),
      this.live,
    );
    this.rows = new Map();
    root.append(this.root);
  }

  get words() { return this.model.get("state").words; }

  // ----------------------------------------------------------------------------------------------------- to Python

  // With each message goes the server that the person saw: what waits in a busy kernel must not be done at another one.
  // Gives false where that kernel was restarted and nobody listens any more; then nothing is opened for it, either.
  send(message, buffers) {
    try {
      this.model.send({ at: this.model.get("state").where.server, ...message }, undefined, buffers);
    } catch {
      this.complain(this.words.gone);
      return false;
    }
    // Everything but these is answered by a new state at once, unless nobody is there or a cell is running.
    if (["visible", "done", "reached", "ask-first", "copied", "opened", "datastacks"].includes(message.action)) return true;
    clearTimeout(this.unanswered);
    this.unanswered = setTimeout(() => this.complain(this.words.noAnswer), 5000);
    return true;
  }

  press(message) {
    const isBack = message.action === "back";
    this.backTo = isBack ? this.opener : null;
    if (isBack || OPENS.has(message.action)) this.opener = isBack ? null : JSON.stringify(message);
    this.send(message);
  }

  // The one way in which the token comes down to the browser: asked for in a click, for the clipboard.
  async copyToken(button, label) {
    const to = name("token");
    const token = new Promise((resolve, reject) => {
      this.awaited = { to, resolve, reject };
      setTimeout(reject, 8000);
    });
    this.send({ action: "copy-token", to });
    try {
      // Begun in the click itself and filled in when the kernel has answered, or browsers refuse.
      token.catch(() => {}); // without an answer that was said already
      const text = token.then((known) => new Blob([known], { type: "text/plain" }));
      await navigator.clipboard.write([new ClipboardItem({ "text/plain": text })]);
      button.textContent = `✓ ${this.words.copiedToken}`;
      clearTimeout(this.relabel);
      this.relabel = setTimeout(() => { button.textContent = label; }, 2000);
      this.tell(this.words.copiedToken);
      this.send({ action: "copied" });
    } catch {
      token.then((known) => this.reveal(button, known), () => {});
    }
  }

  hearToken({ to }, [bytes]) {
    if (this.awaited?.to !== to) return;
    clearTimeout(this.unanswered);
    const token = new TextDecoder().decode(bytes);
    if (token) this.awaited.resolve(token);
    else this.awaited.reject();
    this.awaited = null;
  }

  reveal(button, token) {
    const input = h("input", { type: "text", readonly: true, value: token, "aria-label": this.words.revealedLabel, autocomplete: "off" });
    const shown = h("div", { class: "revealed" }, h("p", { class: "note" }, this.words.revealed), input);
    let wasCopied = false;
    input.addEventListener("copy", () => { wasCopied = true; });
    input.addEventListener("blur", () => {
      shown.remove();
      if (wasCopied) this.send({ action: "copied" });
    }, { once: true });
    button.parentElement.after(shown);
    input.focus();
    input.select();
  }

  complain(text) {
    if (text && text !== this.alert.textContent) this.live.textContent = text;
    this.alert.textContent = text;
    this.alert.hidden = !text;
  }

  tell(text) {
    this.notice.textContent = text;
    this.live.textContent = text;
    clearTimeout(this.forget);
    this.forget = setTimeout(() => { this.notice.textContent = ""; }, 4000);
  }

  // ------------------------------------------------------------------------------------------------------- drawing

  draw() {
    clearTimeout(this.unanswered);
    const state = this.model.get("state");
    const hadFocus = this.root.contains(document.activeElement);
    const before = this.focusKey;
    this.title.textContent = state.title;
    this.pill.textContent = state.pill.text;
    this.pill.className = `pill ${state.pill.tone}`;
    this.banner.textContent = state.banner;
    this.banner.hidden = !state.banner;
    this.complain(state.alert);
    this.drawWhere(state.where);
    state.steps.forEach((step, index) => this.drawStep(step, index, step.key === state.focus));
    this.list.setAttribute("aria-busy", String(Boolean(state.busy))); // not around the region that speaks, which it would hush
    this.drawFooter(state.footer);
    this.askFirst.checked = state.askFirst.on;
    this.askFirstText.textContent = state.askFirst.label;
    if (this.wasSigningIn && !state.signingIn) this.forgetWindow(); // over, in whichever way: it is not heard any more
    this.wasSigningIn = state.signingIn;
    this.checked.textContent = state.busy || state.checked;
    if (state.say.count !== this.said) {
      this.said = state.say.count;
      this.live.textContent = state.say.text;
    }
    this.focusKey = state.focus;
    this.keepFocus(hadFocus, before !== state.focus);
    // Shift+Enter takes the notebook on to the next cell; who is needed here is brought back, once.
    if (!before && state.focus && state.isNew && state.pill.tone !== "ok") this.bringBack();
  }

  drawFooter(items) {
    const text = JSON.stringify(items);
    if (text === this.shownFooter) return;
    this.shownFooter = text;
    this.anytime.replaceChildren(...items.map((item) => button(item, this)));
  }

  drawWhere(where) {
    this.whereText.textContent = where.text;
    this.change.textContent = where.change;
    const shown = JSON.stringify(where);
    if (shown === this.shownWhere) return;
    this.shownWhere = shown;
    const { form, moved } = this;
    form.querySelectorAll(".label").forEach((label, index) => { label.textContent = where.labels[index]; });
    form.querySelector(".error").textContent = where.error;
    form.querySelector(".instead").replaceChildren(...where.instead.map((item) => button(item, this)));
    this.drawPicks(form.querySelector(".servers"), where.servers);
    const { waiting, note, none, other } = where.datastacks;
    form.querySelector(".waiting-for span:last-child").textContent = waiting;
    form.querySelector(".waiting-for").hidden = !waiting;
    form.querySelector(".listed").textContent = note;
    form.querySelector(".none").textContent = none;
    form.querySelector(".other").textContent = other;
    this.drawPicks(form.querySelector(".datastacks"), where.datastacks);
    const [apply, cancel] = form.querySelectorAll(".end button");
    [apply.textContent, cancel.textContent] = [where.apply, where.cancel];
    this.moved = where.moved;
    if (moved !== where.moved) this.edit(false); // what was chosen is in use
  }

  drawPicks(list, { label, rows }) {
    const shown = JSON.stringify(rows);
    list.setAttribute("aria-label", label);
    if (shown === list.shown) return;
    list.shown = shown;
    const at = list.contains(document.activeElement) && document.activeElement.dataset.name;
    list.hidden = rows.length === 0;
    list.replaceChildren(...rows.map((row) => h("li", {}, h(
      "button", {
        class: "pick", "data-tone": row.tone, type: "button", "data-name": row.name, "aria-current": row.chosen && "true",
        tabindex: "-1", onclick: () => this.send({ ...row.message, ...(list.matches(".servers") && { typed: this.typed() }) }),
      },
      h("b", {}, row.name), " ", h("span", {}, row.note)))));
    const buttons = [...list.querySelectorAll("button")];
    const first = buttons.find((one) => one.ariaCurrent) ?? buttons[0];
    if (first) first.tabIndex = 0; // one stop for the Tab key; arrows go on from there
    if (at) (buttons.find((one) => one.dataset.name === at) ?? list.parentElement.querySelector("input")).focus();
    this.narrow();
  }

  // What the person has typed as a datastack since the form was opened.
  typed() {
    const { value } = this.form.elements.datastack;
    return value === this.opened ? "" : value;
  }

  // Typing narrows the list of datastacks down; it is that of the server in use, so with another one in the field it goes.
  narrow() {
    const typed = this.typed().trim().toLowerCase();
    const rows = [...this.form.querySelectorAll(".datastacks li")];
    for (const row of rows) row.hidden = !row.firstElementChild.dataset.name.toLowerCase().includes(typed);
    this.form.querySelector(".none").hidden = rows.length === 0 || rows.some((row) => !row.hidden);
    const bare = (address) => address.trim().toLowerCase().replace(/^https?:[/][/]/, "").replace(/[/].*$/, "");
    const isOther = bare(this.form.elements.server.value) !== bare(this.model.get("state").where.server);
    this.form.querySelector(".datastacks").parentElement.classList.toggle("elsewhere", isOther);
  }

  // Along a list and from the field above it. No key gets past the window, so this is not the list's own listener.
  steer(event) {
    const part = event.target.closest(".part");
    if (event.key === "Escape" && event.target.closest(".server")) this.edit(false);
    if (event.key === "Escape") does(event.target.closest(".step.open"), BACK)?.click();
    if (!part || !["ArrowDown", "ArrowUp", "Home", "End"].includes(event.key)) return;
    const rows = [...part.querySelectorAll("li:not([hidden]) button")].filter((row) => row.checkVisibility());
    const at = rows.indexOf(event.target);
    if (at < 0 && (event.key !== "ArrowDown" || !rows.length)) return; // the others are the field's own
    event.preventDefault();
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
    (to < 0 ? part.querySelector("input") : rows[Math.min(to, rows.length - 1)]).focus();
  }

  drawStep(step, index, open) {
    let row = this.rows.get(step.key);
    if (!row) {
      row = { node: h("li"), dot: h("span", { class: "dot", "aria-hidden": "true" }), body: h("div", { class: "body" }), drawn: new Map() };
      row.title = h("h3", { class: "title", tabindex: "-1" });
      row.summary = h("span", { class: "said" });
      row.state = h("span", { class: "hidden" });
      row.when = h("span", { class: "when" });
      row.node.append(row.dot, h("div", { class: "line" }, row.title, " ", row.state, row.summary), row.when, row.body);
      this.rows.set(step.key, row);
      this.list.append(row.node);
    }
    row.node.className = `step ${step.state}${open ? " open" : ""}`;
    row.node.dataset.step = step.key;
    if (open) row.node.setAttribute("aria-current", "step");
    else row.node.removeAttribute("aria-current");
    const mark = { done: "✓", problem: "!" }[step.state] ?? String(index + 1);
    row.dot.replaceChildren(step.busy ? h("span", { class: "spin" }) : mark);
    row.title.textContent = step.title;
    row.state.textContent = `(${step.stateText}) `;
    row.summary.textContent = step.summary;
    row.when.textContent = step.when;
    this.drawBlocks(row, step.blocks);
  }

  // Blocks that did not change keep their node, so that a half-typed field survives what happens around it.
  drawBlocks(row, wanted) {
    const next = new Map();
    for (const block of wanted) {
      const text = JSON.stringify(block);
      const old = row.drawn.get(block.id);
      if (old && old.text !== text && old.node.update) old.node.update(block);
      const kept = old && (old.text === text || old.node.update);
      next.set(block.id, { text, node: kept ? old.node : blocks[block.kind](block, this) });
      if (!old && row.drawn.size && block.kind === "paste") this.toField = next.get(block.id).node.querySelector("input");
      if (!old && row.drawn.size && block.kind === "done") this.news = next.get(block.id).node;
    }
    const nodes = [...next.values()].map((entry) => entry.node);
    // Only what goes and what comes: a field that was taken out and put back would have lost the focus.
    for (const { node } of row.drawn.values()) if (!nodes.includes(node)) node.remove();
    nodes.forEach((node, i) => {
      if (node !== row.body.childNodes[i]) row.body.insertBefore(node, row.body.childNodes[i] ?? null);
    });
    row.drawn = next;
    row.body.hidden = nodes.length === 0;
  }

  // After JupyterLab has laid out the grown output and scrolled to its next cell, on a slow computer late; but not
  // against somebody who has begun to do something else.
  bringBack() {
    const busy = new AbortController();
    for (const name of ["wheel", "pointerdown", "keydown", "touchstart"]) {
      window.addEventListener(name, () => busy.abort(), { capture: true, passive: true, signal: busy.signal });
    }
    for (const wait of [150, 600, 1500, 3000]) {
      setTimeout(() => { if (!busy.signal.aborted) this.root.firstElementChild.scrollIntoView({ block: "nearest" }); }, wait);
    }
    setTimeout(() => busy.abort(), 3100);
  }

  // A person at work here is taken along to the step that is next; nobody else's focus is touched.
  keepFocus(hadFocus, moved) {
    const opener = this.backTo && does(this.root, this.backTo);
    const asked = opener || this.toField || (moved ? null : this.news); // what is drawn again elsewhere is no news
    [this.backTo, this.toField, this.news] = [null, null, null];
    if (!hadFocus) return;
    if (asked && this.root.contains(asked)) return asked.focus({ preventScroll: true });
    const row = this.rows.get(this.focusKey);
    if (moved || !this.root.contains(document.activeElement)) {
      const invalid = !moved && row?.body.querySelector("input[aria-invalid=true]");
      const next = !moved && row?.body.querySelector("[data-stage=now] summary");
      (invalid || next || row?.title)?.focus({ preventScroll: !moved && !next });
    }
    // Who has come to a step sees what can be done there, also where it comes later, and its heading above all.
    const height = row?.body.offsetHeight;
    if (document.activeElement === row?.title && height !== this.height) {
      for (const part of [row.body, row.title]) part.scrollIntoView({ block: "nearest" });
    }
    this.height = height;
  }

  // -------------------------------------------------------------------------------------------- server and datastack

  serverForm() {
    const id = name("server");
    const part = (name, ...notes) => {
      const input = h("input", { type: "text", name, autocomplete: "off", spellcheck: "false", "aria-describedby": id });
      const toTab = ({ target }) => {
        if (target.matches(".pick")) for (const one of list.querySelectorAll("button")) one.tabIndex = one === target ? 0 : -1;
      };
      const list = h("ul", { class: `picks ${name}s`, onfocusin: toTab });
      return h("div", { class: "part" }, h("label", {}, h("span", { class: "label" }), input), ...notes, list);
    };
    const send = (event) => {
      event.preventDefault();
      const data = new FormData(event.target);
      this.send({ action: "server", server: data.get("server"), datastack: data.get("datastack") });
    };
    return h(
      "form", {
        class: "server", hidden: true, onsubmit: send, oninput: () => this.narrow(),
      },
      part("server"),
      part("datastack",
        h("p", { class: "waiting-for", hidden: true }, h("span", { class: "spin", "aria-hidden": "true" }), h("span")),
        h("p", { class: "note listed" }), h("p", { class: "note none", hidden: true }), h("p", { class: "note other" })),
      h("p", { class: "error", id }), h("div", { class: "row instead" }),
      h("div", { class: "row end" },
        h("button", { class: "go", type: "submit" }),
        h("button", { class: "quiet", type: "button", onclick: () => this.edit(false) })),
    );
  }

  edit(open) {
    const hadFocus = this.form.contains(document.activeElement);
    this.form.hidden = !open;
    this.change.setAttribute("aria-expanded", String(open));
    if (!open && hadFocus) this.change.focus();
    if (!open) return;
    const { where } = this.model.get("state");
    const [server, datastack] = this.form.querySelectorAll("input");
    [server.value, datastack.value] = [where.server, where.datastack];
    this.opened = where.datastack;
    this.form.querySelector(".error").textContent = "";
    this.form.querySelector(".instead").replaceChildren();
    this.shownWhere = ""; // the same mistake is told again
    this.narrow();
    server.focus();
    this.send({ action: "datastacks" });
  }

  // ------------------------------------------------------------------------------------------- the page's surroundings

  // Synchronously in the click, or the browser blocks it; with its opener, or it could not tell us. A second sign-in in
  // one browser makes the first one fail, so there is one window at most.
  signIn({ address, origins, patience }) {
    this.forgetWindow();
    const page = window.open(address, "_blank", "popup,width=520,height=720");
    if (!page) return this.send({ action: "no-sign-in", why: "blocked" });
    const opened = {
      window: page, origins: origins.map((origin) => new URL(origin, location.href).origin),
      at: this.model.get("state").where.server,
    };
    this.signInPage = opened;
    if (!this.send({ action: "signing-in" })) return this.forgetWindow();
    this.watchWindow(opened, Date.now() + patience * 1000);
  }

  forgetWindow() {
    this.signInPage?.window.close();
    this.signInPage = null;
  }

  // A window that lost its opener on the way (COOP) counts as closed while it lives on: nothing will come from it.
  watchWindow(opened, until, closedBefore = false) {
    if (this.signInPage !== opened || !this.root.isConnected) return;
    const { closed } = opened.window;
    if (closed && closedBefore) {
      this.signInPage = null;
      return this.send({ action: "no-sign-in", why: "closed" });
    }
    if (Date.now() > until) {
      until = Infinity; // told once; it may still speak
      this.send({ action: "no-sign-in", why: "late" });
    }
    setTimeout(() => this.watchWindow(opened, until, closed), 400);
  }

  // Believed only from that very window and the server's origins, only with the shape of a token, and once.
  hearSignIn(event) {
    const page = this.signInPage;
    if (!page || event.source !== page.window || !page.origins.includes(event.origin)) return;
    const token = event.data?.token;
    if (typeof token !== "string" || !/^[0-9a-f]{32}$/.test(token)) return;
    this.forgetWindow();
    this.send({ action: "signed-in", at: page.at }, secret(token));
  }

  // The terms page posts the one word "success" to its opener; all it does here is to make us look.
  hearTerms(event) {
    const page = this.termsPage;
    if (!page || event.source !== page.window || event.origin !== page.origin || event.data !== "success") return;
    this.termsPage = null;
    page.window.close();
    this.send({ action: "visible" });
  }

  // Python asks whether this browser reaches a port of the kernel's computer through the Jupyter server.
  async reach({ address }) {
    let through = false;
    try {
      const answer = await fetch(address, { cache: "no-store", redirect: "error" });
      through = answer.ok && (await answer.text()) === "cave-setup";
    } catch { /* nobody passes it on */ }
    this.send({ action: "reached", through });
  }

  listen() {
    const stop = new AbortController();
    const on = (target, name, listener, capture = false) => target.addEventListener(name, listener, { capture, signal: stop.signal });
    on(window, "message", (event) => { this.hearSignIn(event); this.hearTerms(event); });
    const asked = (message, buffers) => {
      if (message.ask === "reach") void this.reach(message);
      if (message.tell === "token") this.hearToken(message, buffers);
    };
    this.model.on("msg:custom", asked);
    stop.signal.addEventListener("abort", () => this.model.off("msg:custom", asked));
    on(document, "visibilitychange", () => { if (!document.hidden) this.look(); });
    on(window, "focus", () => this.look());
    // Before any listener of JupyterLab or Notebook 7 sees them: "b" typed on a button would insert a cell.
    for (const name of ["keydown", "keyup", "keypress"]) {
      on(window, name, (event) => {
        if (!this.root.contains(event.target)) return;
        event.stopPropagation();
        if (name === "keydown") this.steer(event);
        if ((event.ctrlKey || event.metaKey) && event.key === "s") event.preventDefault();
      }, true);
    }
    return () => stop.abort();
  }

  look() {
    if (this.list.querySelector("[data-for=watching], .guide")) this.send({ action: "visible" });
  }
}

// Where this page is: the Jupyter server's address, and whether it is a page of this very computer. A page that is none
// of the web (an editor's) has its kernel nearby, too.
function whereabouts() {
  let base = "";
  let app = location.protocol === "vscode-webview:" ? "VS Code" : "";
  try {
    const config = JSON.parse(document.getElementById("jupyter-config-data").textContent);
    base = location.origin + config.baseUrl;
    app = config.appName;
  } catch { /* not a page of a Jupyter server */ }
  const near = !location.protocol.startsWith("http") || /^(localhost|127\.0\.0\.1|\[::1\])$/.test(location.hostname);
  return { base, near, app };
}

export default {
  initialize({ model }) {
    model.send({ action: "hello", ...whereabouts() });
  },

  render({ model, el }) {
    const view = new WizardView(model, el);
    const draw = () => view.draw();
    draw();
    model.on("change:state", draw);
    const stop = view.listen();
    // Hides what is there for those who see no wizard, also where something else was printed in between.
    setTimeout(() => { if (el.isConnected) (el.closest(".jp-OutputArea") ?? document.body).classList.add("cave-setup-lives"); });
    return () => { model.off("change:state", draw); stop(); };
  },
};
