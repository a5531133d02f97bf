import { expect, test } from '@jest/globals';
import { LiveText } from '../../cli/output/live-text.ts';
import { Screen } from './screen.ts';

function onScreen(columns = 80): { screen: Screen; live: LiveText } {
  const screen = new Screen();
  screen.write('$ stagegate watch\n');
  return { screen, live: new LiveText(columns, (text) => screen.write(text)) };
}

test.each([
  ['one line', 'a'],
  ['a table', 'a\nb\n'],
  ['a table and a hint, which has no line end', 'a\nb\n\nhint'],
  ['an empty line at the start', '\na'],
])('%s is replaced as a whole by the next text', (_, first) => {
  const { screen, live } = onScreen();
  for (const text of [first, 'longer text\nof\nfour\nlines', first]) {
    live.redraw(text);
    expect(screen.text).toBe(`$ stagegate watch\n${text.replace(/\n$/, '')}\n`);
  }
});

test('a line that is too long is cut, so that it stays one', () => {
  const { screen, live } = onScreen(10);
  for (const text of ['0123456789abc\nshort', 'x\n0123456789abc']) live.redraw(text);
  expect(screen.text).toBe('$ stagegate watch\nx\n012345678\n');
});

test('what others write stays, and so does the text above it', () => {
  const { screen, live } = onScreen();
  live.redraw('table 1\nhint');
  live.leave();
  screen.write('a note\n');
  live.redraw('table 2\nhint');
  live.redraw('table 3');
  expect(screen.text).toBe('$ stagegate watch\ntable 1\nhint\na note\ntable 3\n');
});
