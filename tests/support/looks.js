// Measures how the wizard looks, in the page as it stands. Gives a sentence for each thing that is wrong; judges no words.

(() => {
  const TEXT = 4.5, SHAPE = 3;
  const CONTROLS = 'input:is([type="text"], [type="password"]), .quiet, .danger, .go';
  const FOCUSABLE = "a[href], button, input, summary, [tabindex]";
  const visible = (node) => node.checkVisibility({ visibilityProperty: true }) && !node.closest(".hidden");
  // What cannot be used is exempt (WCAG 1.4.3, 1.4.11); pictures are judged by what lies below their texts, elsewhere.
  const exempt = (node) => node.closest(":disabled, svg");

  // -------------------------------------------------------------------------------------------------------- colours
  // Premultiplied, so that layers lie on each other by adding.

  const brush = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const inks = new Map();
  const ink = (color) => {
    if (!inks.has(color)) {
      brush.clearRect(0, 0, 1, 1);
      brush.fillStyle = color; // any way to write a colour, color-mix() too
      brush.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = brush.getImageData(0, 0, 1, 1).data;
      inks.set(color, [...[r, g, b].map((part) => part / 255 * (a / 255)), a / 255]);
    }
    return inks.get(color);
  };
  const over = (top, below) => top.map((part, i) => part + below[i] * (1 - top[3]));

  // A colour as it is seen on a node: on its ground and those of all around it, each as opaque as it is.
  let layers = new Map(); // of one measurement
  const layer = (node) => {
    if (!layers.has(node)) {
      const style = getComputedStyle(node);
      if (style.backgroundImage !== "none" || style.filter !== "none" || style.mixBlendMode !== "normal") {
        throw new Error(`what is seen here takes more than layers of colours: ${node.className}`);
      }
      layers.set(node, [ink(style.backgroundColor), Number(style.opacity)]);
    }
    return layers.get(node);
  };
  const seen = (node, color = "transparent", own = 1) => {
    let paint = ink(color).map((part) => part * own);
    for (let at = node; at; at = at.parentElement) {
      const [ground, opacity] = layer(at);
      paint = over(paint, ground).map((part) => part * opacity);
    }
    return over(paint, [1, 1, 1, 1]);
  };
  const linear = (part) => (part <= .04045 ? part / 12.92 : ((part + .055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => .2126 * linear(r) + .7152 * linear(g) + .0722 * linear(b);
  const contrast = (a, b) => {
    const [darker, lighter] = [light(a), light(b)].sort((x, y) => x - y);
    return (lighter + .05) / (darker + .05);
  };
  const judged = (ratio, needed, what) => (ratio < needed - .005 ? [`${ratio.toFixed(2)} ${what}`] : []);

  // ----------------------------------------------------------------------------------------------------------- text

  const all = (root) => [...root.querySelectorAll("*")].filter((node) => visible(node) && !exempt(node));
  const textNodes = (root) => {
    const found = [], walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const node = walker.currentNode.parentElement;
      if (walker.currentNode.data.trim() && visible(node) && !exempt(node)) found.push(walker.currentNode);
    }
    return found;
  };
  const short = (text) => text.trim().slice(0, 40);
  const named = (node) => `${node.tagName.toLowerCase()}.${node.className} ${short(node.textContent || node.value || "")}`;

  // Everything that is read, where it stands, and its colour.
  const written = (root) => [
    ...textNodes(root).map(({ data, parentElement: node }) => [short(data), node, getComputedStyle(node)]),
    ...all(root).flatMap((node) => {
      const style = getComputedStyle(node), read = [];
      for (const part of ["::before", "::after"]) {
        const own = getComputedStyle(node, part);
        if (!["none", "normal", '""'].includes(own.content)) read.push([`${part} of ${named(node)}`, node, own]);
      }
      if (style.display === "list-item" && style.listStyleType !== "none") {
        read.push([`mark of ${named(node)}`, node, getComputedStyle(node, "::marker")]);
      }
      if (node.matches(CONTROLS) && node.value) read.push([`value ${node.value}`, node, style]);
      if (node.matches("input") && node.placeholder) {
        read.push([`hint ${node.placeholder}`, node, getComputedStyle(node, "::placeholder")]);
      }
      return read;
    }),
  ];
  const poorText = (root) => written(root).flatMap(([what, node, { color, opacity }]) => {
    const own = layer(node)[1] === Number(opacity) ? 1 : Number(opacity); // that of a part, not of the node
    return judged(contrast(seen(node, color, own), seen(node)), TEXT, what);
  });

  // --------------------------------------------------------------------------------------------- what is no text

  const edge = (node) => {
    const { borderTopWidth, borderTopStyle, borderTopColor } = getComputedStyle(node);
    return parseFloat(borderTopWidth) > 0 && borderTopStyle !== "none" ? seen(node, borderTopColor) : seen(node);
  };
  // Seen by its edge or by its ground against what is around it.
  const poorShapes = (root, selector) => all(root).filter((node) => node.matches(selector)).flatMap((node) => {
    const around = seen(node.parentElement);
    return judged(Math.max(contrast(edge(node), around), contrast(seen(node), around)), SHAPE, named(node));
  });
  // By more than its colour: what can be pressed among words is underlined.
  const plainLinks = (root) => all(root)
    .filter((node) => node.matches(".link, .link *, a, .more > summary") && !node.matches(".quiet, .go, .danger, .out"))
    .filter((node) => !getComputedStyle(node.closest(".link, a, summary")).textDecorationLine.includes("underline"))
    .map((node) => `no underline ${named(node)}`);

  const poor = (root) => [
    ...poorText(root), ...poorShapes(root, CONTROLS), ...poorShapes(root, ".dot, .at"), ...plainLinks(root),
  ];

  // ---------------------------------------------------------------------------------------------------------- focus

  // Where a node's content is cut: inside its edge, unless it lets everything out.
  let frames = new Map(); // of one measurement
  const frameOf = (node) => {
    if (!frames.has(node)) {
      const box = node.getBoundingClientRect(), { overflowX, overflowY } = getComputedStyle(node);
      const [left, top] = [box.left + node.clientLeft, box.top + node.clientTop];
      const isOpen = overflowX === "visible" && overflowY === "visible";
      frames.set(node, isOpen ? null : { left, top, right: left + node.clientWidth, bottom: top + node.clientHeight });
    }
    return frames.get(node);
  };
  const cutBy = (node, { left, right, top, bottom }) => {
    for (let at = node.parentElement; at?.closest(".cave-setup"); at = at.parentElement) { // what is around it scrolls
      const frame = frameOf(at), slack = .5;
      if (!frame) continue;
      if (left < frame.left - slack || right > frame.right + slack) return at;
      if (top < frame.top - slack || bottom > frame.bottom + slack) return at;
    }
    return null;
  };
  const ringOf = (node) => {
    node.focus();
    frames = new Map(); // what has the focus was scrolled to
    const ringed = node.closest(".file") ?? node, style = getComputedStyle(ringed);
    if (document.activeElement !== node) return [`takes no focus: ${named(node)}`];
    if (style.outlineStyle === "none" || !parseFloat(style.outlineWidth)) return [`no ring: ${named(ringed)}`];
    const offset = parseFloat(style.outlineOffset), reach = offset + parseFloat(style.outlineWidth);
    const ground = seen(offset < 0 ? ringed : ringed.parentElement);
    const cut = [...ringed.getClientRects()].map((box) => cutBy(ringed, {
      left: box.left - reach, right: box.right + reach, top: box.top - reach, bottom: box.bottom + reach,
    })).find(Boolean);
    return [
      ...judged(contrast(over(ink(style.outlineColor), ground), ground), SHAPE, `ring of ${named(ringed)}`),
      ...(cut ? [`ring of ${named(ringed)} is cut by ${cut.className}`] : []),
    ];
  };
  const poorRings = (root) => [...root.querySelectorAll(FOCUSABLE)]
    .filter((node) => node.checkVisibility() && !node.disabled && (visible(node) || node.matches(".file *")))
    .flatMap(ringOf);

  // ----------------------------------------------------------------------------------------------------- what is cut

  const lines = (root) => textNodes(root).flatMap((node) => {
    const range = document.createRange();
    range.selectNodeContents(node);
    return [...range.getClientRects()].filter((box) => box.width > 1).map((box) => ({ node, box }));
  });
  const tooWide = (root) => [root, ...all(root)].filter((node) => !node.closest(".pan")).flatMap((node) => {
    const { overflowY, display } = getComputedStyle(node), side = root.getBoundingClientRect().right;
    if (node.getBoundingClientRect().right > side + .5) return [`sticks out: ${named(node)}`];
    if (display === "inline" || !node.clientWidth || node.matches("input")) return [];
    if (node.scrollWidth > node.clientWidth + 1) return [`${node.scrollWidth} > ${node.clientWidth} wide: ${named(node)}`];
    const isCut = ["hidden", "clip"].includes(overflowY) && node.scrollHeight > node.clientHeight + 1;
    return isCut ? [`${node.scrollHeight} > ${node.clientHeight} high: ${named(node)}`] : [];
  });
  const hints = (root) => [...root.querySelectorAll("input[placeholder]")].filter(visible).flatMap((node) => {
    const style = getComputedStyle(node);
    brush.font = style.font;
    brush.letterSpacing = style.letterSpacing;
    const room = node.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    const needs = brush.measureText(node.placeholder).width;
    return needs > room ? [`${needs.toFixed(0)} > ${room.toFixed(0)}: hint ${node.placeholder}`] : [];
  });
  const meet = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 5;
  const overlapping = (root) => {
    const found = lines(root).filter(({ node, box }) => !cutBy(node, box)); // what was scrolled away lies on nothing
    return found.flatMap(({ node, box }, i) => found.slice(i + 1)
      .filter((other) => other.node !== node && meet(box, other.box))
      .map((other) => `${short(node.data)} on ${short(other.node.data)}`));
  };
  const cut = (root) => {
    const page = document.scrollingElement;
    return [
      ...(page.scrollWidth > page.clientWidth ? [`the page is ${page.scrollWidth} > ${page.clientWidth} wide`] : []),
      ...tooWide(root), ...hints(root), ...overlapping(root),
    ];
  };

  // --------------------------------------------------------------------------------------------------------- order

  // The Tab key goes as the eye does: never back to what stands above.
  const order = (root) => {
    const stops = [...root.querySelectorAll(FOCUSABLE)]
      .filter((node) => node.tabIndex >= 0 && !node.disabled && visible(node) && !cutBy(node, node.getBoundingClientRect()));
    return stops.slice(1).flatMap((node, i) => {
      const [before, after] = [stops[i].getBoundingClientRect(), node.getBoundingClientRect()];
      return after.bottom <= before.top + 1 ? [`${named(node)} stands above ${named(stops[i])}`] : [];
    });
  };

  const afresh = (check) => (root) => {
    layers = new Map();
    frames = new Map();
    return check(root);
  };
  window.looks = { poor: afresh(poor), poorRings: afresh(poorRings), cut: afresh(cut), order: afresh(order) };
})();
