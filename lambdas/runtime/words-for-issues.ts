import type * as z from 'zod';

/** What zod knows of a mistake, before it has words for it. */
type Issue = z.core.$ZodRawIssue;

/** Most characters of a message about several forms, of which each has mistakes of its own. */
const LONGEST_FORMS = 400;

const TYPES: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  bigint: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  object: 'an object',
  record: 'an object',
  map: 'an object',
  null: 'null',
  undefined: 'left out',
  never: 'left out',
  date: 'a time',
};

const FORMATS: Readonly<Record<string, string>> = {
  email: 'an e-mail address such as staff@example.com',
  url: 'a URL such as https://example.com/path',
  datetime: 'a time in UTC such as 2026-12-01T09:30:00Z',
  date: 'a date such as 2026-12-01',
  json_string: 'JSON',
};

const quoted = (value: unknown): string => (typeof value === 'bigint' ? String(value) : (JSON.stringify(value) ?? ''));

/** `"a"`, `"a" or "b"`, `"a", "b" or "c"`. */
const oneOf = (values: readonly unknown[]): string =>
  values.length < 2
    ? quoted(values[0])
    : `${values.slice(0, -1).map(quoted).join(', ')} or ${quoted(values[values.length - 1])}`;

/** Says what a field must be. What is left out is told apart from what is wrong. */
const mustBe = ({ input }: Issue, what: string): string =>
  input === undefined ? `is missing, and must be ${what}` : `must be ${what}`;

function sizeOf(origin: string, bound: string, size: number | bigint): string {
  const units: Readonly<Record<string, string>> = { string: 'character', array: 'item', set: 'item', map: 'entry' };
  const unit = units[origin];
  if (unit === undefined) return `must be ${bound} ${size}`;
  const many = unit === 'entry' ? 'entries' : `${unit}s`;
  return `must have ${bound} ${size} ${Number(size) === 1 ? unit : many}`;
}

/**
 * Says in our words what is wrong with a value, for every kind of mistake that zod finds: zod's own sentences are made
 * for programmers. A schema that has words of its own keeps them.
 */
export function inOurWords(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return mustBe(issue, TYPES[issue.expected] ?? issue.expected);
    case 'invalid_value':
      return mustBe(issue, `${issue.values.length > 1 ? 'one of ' : ''}${oneOf(issue.values)}`);
    case 'too_big':
      return sizeOf(issue.origin, issue.exact ? 'exactly' : issue.inclusive ? 'at most' : 'less than', issue.maximum);
    case 'too_small':
      if (issue.origin === 'string' && issue.minimum === 1) return 'must not be empty';
      return sizeOf(issue.origin, issue.exact ? 'exactly' : issue.inclusive ? 'at least' : 'more than', issue.minimum);
    case 'invalid_format':
      return formatOf(issue);
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`;
    case 'unrecognized_keys':
      return issue.keys.length === 1 ? `has no field ${quoted(issue.keys[0])}` : `has no fields ${oneOf(issue.keys)}`;
    case 'invalid_union':
      return formsOf(issue);
    case 'invalid_key':
      return `this name is not allowed: ${issue.issues.map(({ message }) => message).join('; ')}`;
    case 'invalid_element':
      return `has an entry that is not allowed: ${issue.issues.map(({ message }) => message).join('; ')}`;
    case 'custom':
      return 'is not allowed';
  }
}

function formatOf(issue: Extract<Issue, { code: 'invalid_format' }>): string {
  if (issue.format === 'starts_with') return `must begin with ${quoted(issue.prefix)}`;
  if (issue.format === 'ends_with') return `must end with ${quoted(issue.suffix)}`;
  if (issue.format === 'includes') return `must contain ${quoted(issue.includes)}`;
  const known = FORMATS[issue.format];
  return known === undefined ? 'does not have the form that is needed' : `must be ${known}`;
}

/** Names the allowed forms: by the field that tells them apart, or by what each of them needs. */
function formsOf(issue: Extract<Issue, { code: 'invalid_union' }>): string {
  if (issue.inclusive === false) return 'fits more than one of its forms, and must fit exactly one';
  const { options, discriminator } = issue;
  if (options && options.length > 0)
    return `must be ${options.length > 1 ? 'one of ' : ''}${oneOf(options)}${discriminator ? '' : ', in the form that goes with it'}`;
  const forms = issue.errors.map((errors) =>
    errors
      .slice(0, 2)
      .map(({ path, message }) => (path.length > 0 ? `${path.map(String).join('.')} ${message}` : message))
      .join(' and '),
  );
  const text = `must have one of ${forms.length} forms: ${[...new Set(forms)].join('; or ')}`;
  return text.length > LONGEST_FORMS ? `${text.slice(0, LONGEST_FORMS)}…` : text;
}
