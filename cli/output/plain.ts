/**
 * Returns a value with every text in it made harmless for a terminal: without control characters and invisible ones, which
 * could move the cursor or hide what stands there. What people read comes from repositories and from other people.
 */
export function plain<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value), (_key, each) => (typeof each === 'string' ? plainText(each) : each));
}

export const plainText = (text: string): string => text.replaceAll(/[\p{Cc}\p{Cf}]+/gu, ' ');

/** The same for a text of several lines, which stay lines. */
export const plainLines = (text: string): string => text.split('\n').map(plainText).join('\n');
