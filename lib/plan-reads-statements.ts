import { Aws, CfnCondition, CfnParameter, Fn } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { PLAN_READS, type PlanReads } from '../lambdas/domain/contract/plan-reads.ts';

/** What plans may always read, under the name of the parameter that can list more. */
type Always = Readonly<Partial<Record<PlanReads['parameter'], readonly string[]>>>;

/** Something that plans may read if another parameter of the stack names it. */
interface Named {
  readonly isGiven: CfnCondition;
  readonly arn: string;
}
type Sometimes = Readonly<Partial<Record<PlanReads['parameter'], Named>>>;

/** A statement as IAM reads it. CDK's PolicyStatement does not support elements that depend on a condition. */
type StatementJson = Readonly<Record<string, unknown>>;

/** A separator that no ARN has. Lists are joined and split with it, because CloudFormation cannot append to a list. */
const BETWEEN_ARNS = '\n';

/**
 * Forbids plans to read data, with a parameter of the stack for each kind of data. It uses Deny, because the policy
 * that allows the reading is AWS's own, and `NotResource`, because an Allow cannot make an exception from a Deny.
 */
export function planReadsStatements(
  scope: Construct,
  always: Always,
  sometimes: Sometimes,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    PLAN_READS.map((reads) => {
      const { parameter } = reads;
      return [parameter, statementOf(scope, reads, { always: always[parameter] ?? [], named: sometimes[parameter] })];
    }),
  );
}

interface Exceptions {
  readonly always: readonly string[];
  readonly named: Named | undefined;
}

function statementOf(scope: Construct, reads: PlanReads, exceptions: Exceptions): unknown {
  const { parameter, actions } = reads;
  const statement = { Sid: `No${parameter}`, Effect: 'Deny', Action: actions };
  return reads.given === 'whole'
    ? deniedAsAWhole(scope, reads, statement)
    : { ...statement, ...resourcesBut(scope, reads, exceptions) };
}

function deniedAsAWhole(scope: Construct, reads: PlanReads, statement: StatementJson): unknown {
  const parameter = new CfnParameter(scope, reads.parameter, {
    type: 'String',
    description: `*: plans may read ${reads.what}; empty: they may not`,
    allowedValues: ['', '*'],
    default: '',
  });
  const isDenied = new CfnCondition(scope, `Is${reads.parameter}Empty`, {
    expression: Fn.conditionEquals(parameter.valueAsString, ''),
  });
  const Resource = reads.resources?.map((part) => `arn:${Aws.PARTITION}:${part}`) ?? '*';
  return Fn.conditionIf(isDenied.logicalId, { ...statement, Resource }, Aws.NO_VALUE);
}

/** Returns the elements for all resources except the listed ones. IAM does not accept an empty list. */
function resourcesBut(scope: Construct, { parameter, what }: PlanReads, { always, named }: Exceptions): StatementJson {
  const list = new CfnParameter(scope, parameter, {
    type: 'CommaDelimitedList',
    description: `ARNs of what plans may read of ${what}; *: all of it; empty: nothing`,
    allowedPattern: '^$|^\\*$|^arn:[^\\s,]+$',
    constraintDescription: 'must be ARNs with commas between them, * or nothing',
    default: '',
  });
  const isEmpty = new CfnCondition(scope, `Is${parameter}Empty`, {
    expression: Fn.conditionEquals(Fn.join('', list.valueAsList), ''),
  });
  const choose = (whenEmpty: unknown, otherwise: unknown) => Fn.conditionIf(isEmpty.logicalId, whenEmpty, otherwise);
  // No kind of data has both, something that is always read and something that a parameter names.
  if (named) {
    const ifGiven = (given: unknown, otherwise: unknown) => Fn.conditionIf(named.isGiven.logicalId, given, otherwise);
    const both = Fn.join(BETWEEN_ARNS, [named.arn, Fn.join(BETWEEN_ARNS, list.valueAsList)]);
    return {
      Resource: choose(ifGiven(Aws.NO_VALUE, '*'), Aws.NO_VALUE),
      NotResource: choose(ifGiven([named.arn], Aws.NO_VALUE), ifGiven(Fn.split(BETWEEN_ARNS, both), list.valueAsList)),
    };
  }
  if (always.length === 0)
    return { Resource: choose('*', Aws.NO_VALUE), NotResource: choose(Aws.NO_VALUE, list.valueAsList) };
  const listed = Fn.join(BETWEEN_ARNS, [...always, Fn.join(BETWEEN_ARNS, list.valueAsList)]);
  return { NotResource: choose(always, Fn.split(BETWEEN_ARNS, listed)) };
}
