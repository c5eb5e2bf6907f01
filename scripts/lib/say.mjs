/** What the scripts tell people: short lines on stderr, so that stdout stays free for results. */

export function say(line) {
  process.stderr.write(`${line}\n`);
}

export function seconds(milliseconds) {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

const escapeSequences = new RegExp(String.raw`\u001b\[[0-9;?]*[A-Za-z]`, 'g');

/** Text of another program without its colours. */
export function plain(text) {
  return text.replaceAll(escapeSequences, '');
}

/**
 * Shows that `title` is under way once it has taken longer than a second: one living line on a terminal, a line every
 * fifteen seconds elsewhere. `latest` returns the newest line of output, so that a person sees what it is busy with.
 */
export function startProgress(title, latest = () => '') {
  const started = Date.now();
  const live = process.stderr.isTTY === true;
  let shown = false;
  const draw = () => {
    const elapsed = Date.now() - started;
    const text = `  ${title} … ${Math.floor(elapsed / 1000)} s  ${latest()}`;
    if (live) {
      process.stderr.write(`\r\u001b[2K${text.slice(0, Math.max(20, (process.stderr.columns ?? 80) - 1))}`);
      shown = true;
    } else {
      say(text.slice(0, 160));
    }
  };
  const timer = setInterval(draw, live ? 1000 : 15_000);
  timer.unref();
  return {
    stop() {
      clearInterval(timer);
      if (live && shown) process.stderr.write('\r\u001b[2K');
      return Date.now() - started;
    },
  };
}
