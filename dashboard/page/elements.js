// Elements, and how a part of the page takes over new ones without flicker: what is equal stays in its place, with its
// focus, its selection and its scroll position.

const svgNames = new Set(["svg", "path", "rect", "line", "circle", "polyline"]);

/**
 * Makes an element. Properties that begin with "on" are listeners, `key` tells siblings apart, `value` and `checked` are
 * those of form fields; everything else is an attribute, and none where it is false, null or undefined. Children are
 * elements or text; lists are flattened, and what is false, null or undefined is left out.
 */
export function el(tag, properties = {}, ...children) {
    const svg = svgNames.has(tag);
    const element = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
    element.own = {};
    for (const [name, value] of Object.entries(properties)) {
        if (name === "key") element.key = value;
        else if (name.startsWith("on") || name === "value" || name === "checked") {
            element[name] = element.own[name] = value;
        } else if (value !== false && value !== null && value !== undefined) {
            element.setAttribute(name, value === true ? "" : String(value));
        }
    }
    const wanted = children.flat(Infinity).filter((child) => child !== false && child !== null && child !== undefined);
    element.append(...wanted.map((child) => (child instanceof Node ? child : String(child))));
    // The value of a select is one of its options'.
    if (tag === "select" && "value" in properties) element.value = properties.value;
    return element;
}

/** Gives an element these children, changing as little as possible. */
export function show(parent, ...children) {
    const fresh = el("div", {}, ...children);
    merge(parent, fresh);
}

function merge(parent, fresh) {
    const keyed = new Map();
    for (const child of parent.childNodes) if (child.key !== undefined) keyed.set(child.key, child);
    let place = parent.firstChild;
    for (const wanted of [...fresh.childNodes]) {
        const known = wanted.key === undefined ? unkeyed(place) : keyed.get(wanted.key);
        if (known && same(known, wanted)) {
            if (known !== place) parent.insertBefore(known, place);
            else place = place.nextSibling;
            take(known, wanted);
        } else {
            parent.insertBefore(wanted, place);
        }
    }
    while (place) {
        const next = place.nextSibling;
        place.remove();
        place = next;
    }
}

const unkeyed = (node) => (node && node.key === undefined ? node : undefined);
const same = (a, b) => a.nodeType === b.nodeType && a.nodeName === b.nodeName && a.key === b.key;

function take(known, wanted) {
    if (known.nodeType === Node.TEXT_NODE) {
        if (known.data !== wanted.data) known.data = wanted.data;
        return;
    }
    for (const { name } of [...known.attributes]) if (!wanted.hasAttribute(name)) known.removeAttribute(name);
    for (const { name, value } of wanted.attributes) {
        if (known.getAttribute(name) !== value) known.setAttribute(name, value);
    }
    merge(known, wanted);
    for (const name of Object.keys(known.own ?? {})) if (!(name in (wanted.own ?? {}))) known[name] = null;
    for (const [name, value] of Object.entries(wanted.own ?? {})) if (known[name] !== value) known[name] = value;
    known.own = wanted.own;
}
