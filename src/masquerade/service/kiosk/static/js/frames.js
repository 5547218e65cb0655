// Frames around the faces in the mirror. How a mask is worn is said by line and sign, not by colour alone.
import { signOf } from "./messages.js";

const SVG = "http://www.w3.org/2000/svg";

function element(name, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

export class Frames {
  constructor(svg) {
    this.svg = svg;
    this.pool = [];
    svg.setAttribute("preserveAspectRatio", "xMidYMid slice"); // as the video is cut
  }

  /** @param people boxes are x0, y0, x1, y1 in pixels of a frame of `width` x `height`, which is shown mirrored. */
  show(people, width, height) {
    if (width) this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    while (this.pool.length < people.length) this.pool.push(this.make());
    this.pool.forEach((frame, index) => this.place(frame, people[index], width));
  }

  make() {
    const use = element("use");
    const parts = {
      under: element("rect", { class: "under" }),
      outline: element("rect", { class: "outline" }),
      plate: element("circle", { class: "plate" }),
      sign: element("svg", { viewBox: "0 0 120 120" }, use),
      use,
    };
    const group = element("g", {}, parts.under, parts.outline, parts.plate, parts.sign);
    this.svg.append(group);
    return { group, ...parts };
  }

  place({ group, under, outline, plate, sign, use }, person, width) {
    group.classList.toggle("gone", !person);
    group.setAttribute("visibility", person ? "visible" : "hidden");
    if (!person) return;
    const [x0, y0, x1, y1] = person.box;
    const wide = x1 - x0;
    const high = y1 - y0;
    const left = width - x1;
    const wrong = ["without_mask", "incorrect"].includes(person.wearing);
    group.setAttribute("class", wrong ? "wrong" : person.wearing);
    for (const rect of [under, outline]) {
      rect.setAttribute("x", left);
      rect.setAttribute("y", y0);
      rect.setAttribute("width", Math.max(0, wide));
      rect.setAttribute("height", Math.max(0, high));
      rect.setAttribute("rx", wide / 6);
    }
    const radius = Math.min(34, Math.max(18, wide / 5));
    const [cx, cy] = [left + wide / 2, Math.max(radius, y0 - radius * 0.4)];
    plate.setAttribute("cx", cx);
    plate.setAttribute("cy", cy);
    plate.setAttribute("r", radius);
    sign.setAttribute("x", cx - radius * 0.8);
    sign.setAttribute("y", cy - radius * 0.8);
    sign.setAttribute("width", radius * 1.6);
    sign.setAttribute("height", radius * 1.6);
    use.setAttribute("href", `#icon-${signOf(person)}`);
  }
}
