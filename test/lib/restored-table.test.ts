import { describe, expect, test } from '@jest/globals';
import { RECORDS_TABLE } from '../../lib/records-table.ts';
import { asList, flat, ofType, only, type Statement, stagegate } from '../harness/synthesized.ts';

/** `stagegate:tableName`: the stack uses a table that was restored from a backup, in the place of its own. */

const own = stagegate();
const restored = stagegate({ tableName: 'records-restored', applies: 'banned' });
const ARN = 'arn:<AWS::Partition>:dynamodb:<AWS::Region>:<AWS::AccountId>:table/records-restored';

const variablesOf = (template: typeof own, name: string): string[] =>
  ofType(template, 'AWS::Lambda::Function').flatMap(([, { Properties }]) => {
    const value = Properties.Environment?.Variables?.[name];
    return value === undefined ? [] : [flat(value)];
  });

/** The names of the functions whose variable has this value. */
const functionsWith = (template: typeof own, name: string, value: string): string[] =>
  ofType(template, 'AWS::Lambda::Function')
    .flatMap(([, { Properties }]) =>
      Properties.Environment?.Variables?.[name] === value ? [flat(Properties.FunctionName)] : [],
    )
    .sort();

/** The tables and indexes that the statements of all policies are about. */
const tablesIn = (template: typeof own): string[] => {
  const statements = ofType(template, 'AWS::IAM::Role').flatMap(([, { Properties }]) =>
    (Properties.Policies ?? []).flatMap(
      (policy: { PolicyDocument: { Statement: Statement[] } }) => policy.PolicyDocument.Statement,
    ),
  );
  const about = statements.filter(({ Action }) => asList(Action).some((action) => action.startsWith('dynamodb:')));
  return [...new Set(about.flatMap(({ Resource }) => asList(Resource).map(flat)))].sort();
};

describe('a restored table', () => {
  test('is the only table: the template makes none, and every function and permission names it', () => {
    expect(ofType(restored, 'AWS::DynamoDB::Table')).toEqual([]);
    expect(new Set(variablesOf(restored, 'TABLE_NAME'))).toEqual(new Set(['records-restored']));
    expect(variablesOf(restored, 'TABLE_NAME').length).toBe(variablesOf(own, 'TABLE_NAME').length);
    expect(tablesIn(restored)).toEqual([ARN, `${ARN}/index/${RECORDS_TABLE.index.name}`]);
    expect(restored.Outputs?.TableName?.Value).toBe('records-restored');
  });

  test('changes nothing else of the permissions', () => {
    const [[logicalId = ''] = []] = ofType(own, 'AWS::DynamoDB::Table');
    const named = tablesIn(own).map((arn) => arn.replace(`<${logicalId}.Arn>`, ARN));
    expect(named).toEqual(tablesIn(restored));
  });

  test('leaves the own table alone: CloudFormation keeps what has this policy when it leaves the template', () => {
    const table = only(own, 'AWS::DynamoDB::Table');
    expect([table.DeletionPolicy, table.Properties.DeletionProtectionEnabled]).toEqual(['Retain', true]);
  });

  test('comes with a ban on applies for exactly the functions that could let a plan be applied, or end an environment', () => {
    const functions = ['consume-plan', 'credentials', 'sweep'].map((name) => `stagegate-${name}`);
    expect(functionsWith(restored, 'APPLIES', 'banned')).toEqual(functions);
    expect(functionsWith(own, 'APPLIES', 'allowed')).toEqual(functions);
  });
});
