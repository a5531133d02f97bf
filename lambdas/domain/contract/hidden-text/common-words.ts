/** Words that reveal nothing, even if somebody marked them as sensitive. */
const COMMON_WORDS = new Set(
  'true false null none default enabled disabled active available standard string number object sensitive tcp http https'.split(
    ' ',
  ),
);

export const isCommonWord = (text: string): boolean => COMMON_WORDS.has(text.toLowerCase());
