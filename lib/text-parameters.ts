import { CfnCondition, CfnParameter, Fn } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

interface TextParameterProps {
  readonly description: string;
  readonly allowedPattern?: string;
  readonly noEcho?: boolean;
  readonly default?: string;
}

/** Makes a parameter of a stack and returns its value. */
export const textParameter = (scope: Construct, name: string, props: TextParameterProps): string =>
  new CfnParameter(scope, name, { type: 'String', ...props }).valueAsString;

/** Makes a parameter of a stack that may be empty. Returns its value, or `otherwise` if it is empty. */
export function textParameterOr(
  scope: Construct,
  name: string,
  { otherwise, ...props }: Omit<TextParameterProps, 'default'> & { readonly otherwise: string },
): string {
  const value = textParameter(scope, name, { ...props, default: '' });
  const isEmpty = new CfnCondition(scope, `Is${name}Empty`, { expression: Fn.conditionEquals(value, '') });
  return Fn.conditionIf(isEmpty.logicalId, otherwise, value).toString();
}
