// A small line of the last prices, without axes.

const POINTS = 60;

export class Sparkline {
  #canvas;
  #values = [];

  constructor(canvas) {
    this.#canvas = canvas;
  }

  add(value) {
    this.#values.push(value);
    if (this.#values.length > POINTS) this.#values.shift();
    this.#draw();
  }

  #draw() {
    const canvas = this.#canvas;
    const [width, height] = [Math.round(canvas.clientWidth * devicePixelRatio), Math.round(canvas.clientHeight * devicePixelRatio)];
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    const pen = canvas.getContext("2d");
    pen.clearRect(0, 0, width, height);
    pen.strokeStyle = getComputedStyle(canvas).color;
    pen.lineWidth = 1.25 * devicePixelRatio;
    pen.lineJoin = "round";
    const [low, high] = [Math.min(...this.#values), Math.max(...this.#values)];
    const inside = height - 4 * devicePixelRatio;
    pen.beginPath();
    this.#values.forEach((value, index) => {
      const x = width * (index + POINTS - this.#values.length) / (POINTS - 1);
      const y = high > low ? (1 - (value - low) / (high - low)) * inside : inside / 2;
      pen.lineTo(x, y + 2 * devicePixelRatio);
    });
    pen.stroke();
  }
}
