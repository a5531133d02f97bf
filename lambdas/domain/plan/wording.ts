/** Returns a number with its noun: `1 resource`, `3 resources`. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** Lists items in a sentence: `a, b, c and 15 more`. */
export function listed(items: readonly string[], most = 3): string {
  if (items.length <= most)
    return items.length > 1 ? `${items.slice(0, -1).join(', ')} and ${items.at(-1)}` : (items[0] ?? '');
  return `${items.slice(0, most).join(', ')} and ${items.length - most} more`;
}

export const percent = (share: number): string => `${Math.round(share * 100)} %`;
