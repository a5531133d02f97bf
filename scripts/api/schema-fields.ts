import { type JsonObject, recordOf } from '../../lambdas/api/document/json.ts';

interface Field {
  /** With the names of the objects around it: `policy.staging.staff`. */
  readonly name: string;
  readonly type: string;
  readonly isRequired: boolean;
}

/** Returns the fields of a JSON schema, those of objects within it as well, unless the object has a name of its own. */
export function fieldRows(schema: JsonObject, prefix = ''): Field[] {
  const required = Array.isArray(schema.required) ? schema.required : [];
  return Object.entries(recordOf(schema.properties)).flatMap(([name, given]) => {
    const field = recordOf(given);
    const whole = `${prefix}${name}`;
    const { inner, suffix } = innerOf(field);
    return [
      { name: whole, type: nameOfType(field), isRequired: required.includes(name) },
      ...(inner ? fieldRows(inner, `${whole}${suffix}.`) : []),
    ];
  });
}

/** Returns the object that a field is, may be, or is a list of. */
function innerOf(field: JsonObject): { inner?: JsonObject; suffix: string } {
  if (field.properties) return { inner: field, suffix: '' };
  if (field.items) return { ...innerOf(recordOf(field.items)), suffix: '[]' };
  const objects = alternativesOf(field).filter((each) => each.properties ?? each.items);
  const [only] = objects;
  return objects.length === 1 && only ? innerOf(only) : { suffix: '' };
}

const alternativesOf = ({ anyOf, oneOf }: JsonObject): JsonObject[] => {
  const given = anyOf ?? oneOf;
  return Array.isArray(given) ? given.map((each) => recordOf(each)) : [];
};

/** Returns what a schema allows in a few words, such as `string or null`; a schema with a name is a link to it. */
export function nameOfType(schema: JsonObject): string {
  const { $ref, type, items, const: only, enum: values, format, additionalProperties } = schema;
  if (typeof $ref === 'string') {
    const name = $ref.replace(/^.*\//, '');
    return `[${name}](#${name.toLowerCase()})`;
  }
  if (only !== undefined) return `\`${JSON.stringify(only)}\``;
  if (Array.isArray(values)) return values.map((value) => `\`${JSON.stringify(value)}\``).join(', ');
  const alternatives = alternativesOf(schema);
  if (alternatives.length > 0) return [...new Set(alternatives.map(nameOfType))].join(' or ');
  if (items) return `list of ${nameOfType(recordOf(items))}`;
  if (type === 'object' && !schema.properties && additionalProperties)
    return `object of ${nameOfType(recordOf(additionalProperties))}`;
  const plain = Array.isArray(type) ? type.join(' or ') : String(type ?? 'anything');
  return `${plain}${typeof format === 'string' ? ` (${format})` : ''}${limitsOf(schema)}`;
}

function limitsOf({ minLength, maxLength, minimum, maximum, default: usual }: JsonObject): string {
  const isHuge = (limit: unknown) => Math.abs(Number(limit)) >= Number.MAX_SAFE_INTEGER;
  const limits = [
    minimum !== undefined && !isHuge(minimum) && `from ${minimum}`,
    maximum !== undefined && !isHuge(maximum) && `to ${maximum}`,
    minLength !== undefined && Number(minLength) > 1 && `at least ${minLength} characters`,
    maxLength !== undefined && `at most ${maxLength} characters`,
    usual !== undefined && `usually \`${JSON.stringify(usual)}\``,
  ].filter(Boolean);
  return limits.length > 0 ? `, ${limits.join(', ')}` : '';
}
