/** What part of a drawing is seen: fitted, moved by dragging, enlarged by the wheel. */

export interface Camera {
  fit(): void;
  /** Above 1 shows more, below 1 shows it larger. */
  zoom(factor: number): void;
  /** Moves so that a place is seen. */
  show(x: number, y: number, size: { readonly width: number; readonly height: number }): void;
  key(event: KeyboardEvent): void;
}

export interface Drawing {
  readonly width: number;
  readonly height: number;
  readonly margin: number;
}

export function createCamera(stage: SVGSVGElement, { width, height, margin }: Drawing): Camera {
  let seen = { x: -margin, y: -margin, width: width + 2 * margin, height: height + 2 * margin };
  const apply = (): void => stage.setAttribute('viewBox', `${seen.x} ${seen.y} ${seen.width} ${seen.height}`);
  const zoomAt = (factor: number, x: number, y: number): void => {
    const next = Math.min(Math.max(seen.width * factor, 200), (width + 2 * margin) * 4 + 1000);
    const real = next / seen.width;
    seen = { x: x - (x - seen.x) * real, y: y - (y - seen.y) * real, width: next, height: seen.height * real };
    apply();
  };
  const zoom = (factor: number): void => zoomAt(factor, seen.x + seen.width / 2, seen.y + seen.height / 2);
  const fit = (): void => {
    // A small picture is not blown up beyond its natural size.
    const wide = Math.max(width + 2 * margin, 700);
    const high = Math.max(height + 2 * margin, 180);
    seen = { x: (width - wide) / 2, y: (height - high) / 2, width: wide, height: high };
    apply();
  };
  const show: Camera['show'] = (x, y, size) => {
    const isIn =
      x >= seen.x && y >= seen.y && x + size.width <= seen.x + seen.width && y + size.height <= seen.y + seen.height;
    if (isIn) return;
    seen = { ...seen, x: x + size.width / 2 - seen.width / 2, y: y + size.height / 2 - seen.height / 2 };
    apply();
  };
  /** Pixels to units of the drawing. */
  const scale = (): number => {
    const { width: wide, height: high } = stage.getBoundingClientRect();
    return Math.max(seen.width / Math.max(wide, 1), seen.height / Math.max(high, 1));
  };
  drag(stage, (dx, dy) => {
    const unit = scale();
    seen = { ...seen, x: seen.x - dx * unit, y: seen.y - dy * unit };
    apply();
  });
  stage.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault();
      const { left, top, width: wide, height: high } = stage.getBoundingClientRect();
      const unit = scale();
      const x = seen.x + seen.width / 2 + (event.clientX - left - wide / 2) * unit;
      const y = seen.y + seen.height / 2 + (event.clientY - top - high / 2) * unit;
      zoomAt(event.deltaY > 0 ? 1.15 : 1 / 1.15, x, y);
    },
    { passive: false },
  );
  fit();
  return {
    fit,
    zoom,
    show,
    key(event) {
      const action = { '+': () => zoom(1 / 1.4), '=': () => zoom(1 / 1.4), '-': () => zoom(1.4), '0': fit }[event.key];
      if (action === undefined || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      action();
    },
  };
}

/** Tells how far the pointer was dragged; a drag is no click on what it began on. */
function drag(stage: SVGSVGElement, move: (dx: number, dy: number) => void): void {
  let last: { readonly x: number; readonly y: number } | undefined;
  let distance = 0;
  stage.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    last = { x: event.clientX, y: event.clientY };
    distance = 0;
  });
  stage.addEventListener('pointermove', (event) => {
    if (last === undefined) return;
    const [dx, dy] = [event.clientX - last.x, event.clientY - last.y];
    distance += Math.abs(dx) + Math.abs(dy);
    if (distance < 4) return;
    if (!stage.hasPointerCapture(event.pointerId)) stage.setPointerCapture(event.pointerId);
    last = { x: event.clientX, y: event.clientY };
    move(dx, dy);
  });
  const stop = (): void => {
    last = undefined;
  };
  stage.addEventListener('pointerup', stop);
  stage.addEventListener('pointercancel', stop);
  stage.addEventListener('dragstart', (event) => event.preventDefault());
  stage.addEventListener(
    'click',
    (event) => {
      if (distance >= 4) event.preventDefault();
    },
    true,
  );
}
