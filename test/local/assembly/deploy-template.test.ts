// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are placeholders of CloudFormation
import { describe, expect, test } from '@jest/globals';
import { deployTemplate } from '../../../local/assembly/deploy-template.ts';
import { parseTemplate } from '../../../local/assembly/template.ts';
import type { Provisioner } from '../../../local/services/local-service.ts';

const deploy = (
  source: unknown,
  parameters: Record<string, string> = {},
  provisioners: Record<string, Provisioner> = {},
) =>
  deployTemplate({
    template: parseTemplate(source, 'test.template.json'),
    stackName: 'Test',
    accountId: '000000000000',
    region: 'eu-west-1',
    parameters,
    provisioners: { 'X::Y::Thing': thing, ...provisioners },
  });

const thing: Provisioner = ({ logicalId, properties }) => ({
  ref: `ref-${logicalId}`,
  attributes: { Arn: `arn-${logicalId}`, Given: String(properties.Given) },
});

describe('deploying a template', () => {
  test('creates each resource after all it refers to or depends on', async () => {
    const order: string[] = [];
    const recording: Provisioner = (resource) => {
      order.push(resource.logicalId);
      return thing(resource);
    };
    const { outputs } = await deploy(
      {
        Resources: {
          Last: { Type: 'X::Y::Thing', Properties: { Given: { 'Fn::Sub': '${Middle.Arn}' } } },
          Middle: { Type: 'X::Y::Thing', DependsOn: ['First'], Properties: { Given: { Ref: 'Other' } } },
          First: { Type: 'X::Y::Thing' },
          Other: { Type: 'X::Y::Thing', DependsOn: 'First' },
        },
        Outputs: { Address: { Value: { 'Fn::GetAtt': ['Last', 'Given'] } } },
      },
      {},
      { 'X::Y::Thing': recording },
    );
    expect(order).toEqual(['First', 'Other', 'Middle', 'Last']);
    expect(outputs).toEqual({ Address: 'arn-Middle' });
  });

  test('names unnamed resources stably, within 64 characters', async () => {
    const names: string[] = [];
    const naming: Provisioner = ({ generatedName }) => {
      names.push(generatedName);
      return { ref: generatedName, attributes: {} };
    };
    const logicalId = 'AVeryLongLogicalIdentifierOfSomeNestedConstruct0123ABCD';
    for (const _ of ['first start', 'second start']) {
      await deploy({ Resources: { [logicalId]: { Type: 'X::Y::Thing' } } }, {}, { 'X::Y::Thing': naming });
    }
    expect(names[0]).toMatch(/^Test-AVeryLongLogicalIdentifier-[0-9A-F]{12}$/);
    expect(names[1]).toBe(names[0]);
  });

  test('takes parameters, their defaults and conditions', async () => {
    const template = {
      Parameters: { Size: { Type: 'Number', Default: 2 }, Kinds: { Type: 'CommaDelimitedList' } },
      Conditions: { Wanted: { 'Fn::Equals': [{ Ref: 'Size' }, '2'] } },
      Resources: {
        Kept: {
          Type: 'X::Y::Thing',
          Condition: 'Wanted',
          Properties: { Given: { 'Fn::Select': [1, { Ref: 'Kinds' }] } },
        },
      },
      Outputs: { Kept: { Condition: 'Wanted', Value: { 'Fn::GetAtt': ['Kept', 'Given'] } } },
    };
    expect((await deploy(template, { Kinds: 'a, b' })).outputs).toEqual({ Kept: 'b' });
    const onlyLetters = { ...template.Parameters, Kinds: { Type: 'CommaDelimitedList', AllowedPattern: '[a-z]' } };
    const limited = await deploy({ ...template, Parameters: onlyLetters }, { Kinds: 'a,b' });
    expect(limited.outputs).toEqual({ Kept: 'b' });
    const other = await deploy(template, { Kinds: 'a', Size: '3' });
    expect([...other.resources.keys()]).toEqual([]);
  });

  test.each<[string, unknown, Record<string, string>, string]>([
    [
      'resource types it does not know, all at once and before creating anything',
      {
        Resources: {
          A: { Type: 'AWS::EC2::VPC' },
          B: { Type: 'Custom::Thing' },
          C: { Type: 'X::Y::Thing', Properties: { Given: { Ref: 'A' } } },
        },
      },
      {},
      'deploying Test: resource types not supported by the local cloud: AWS::EC2::VPC (A), Custom::Thing (B)',
    ],
    [
      'a function it does not know',
      { Resources: { Thing: { Type: 'X::Y::Thing', Properties: { Given: { 'Fn::Cidr': [] } } } } },
      {},
      'creating Thing (X::Y::Thing): property Given: Fn::Cidr is not supported by the local cloud',
    ],
    [
      'a dependency cycle',
      {
        Resources: {
          A: { Type: 'X::Y::Thing', DependsOn: 'B' },
          B: { Type: 'X::Y::Thing', Properties: { Given: { Ref: 'A' } } },
        },
      },
      {},
      'template has a dependency cycle: A -> B -> A',
    ],
    [
      'a parameter without a value',
      { Parameters: { P: { Type: 'String' } }, Resources: {} },
      {},
      'parameter P has neither a value nor a default',
    ],
    ['a value for no parameter', { Resources: {} }, { Extra: '1' }, 'the template has no parameter Extra'],
    [
      'a value that the template does not allow',
      { Parameters: { P: { Type: 'String', AllowedPattern: '[a-z]+' } }, Resources: {} },
      { P: 'a1' },
      'parameter P: value "a1" is not allowed by the template',
    ],
    [
      'an item of a list that the template does not allow',
      { Parameters: { P: { Type: 'CommaDelimitedList', AllowedPattern: '^$|^[a-z]+$' } }, Resources: {} },
      { P: 'a,b1' },
      'parameter P: value "a,b1" is not allowed by the template',
    ],
    [
      'a parameter type it does not know',
      { Parameters: { P: { Type: 'AWS::SSM::Parameter::Value<String>', Default: '/x' } }, Resources: {} },
      {},
      'parameter P: type AWS::SSM::Parameter::Value<String> is not supported',
    ],
  ])('fails by name for %s', async (_, template, parameters, message) => {
    await expect(deploy(template, parameters)).rejects.toThrow(message);
  });

  test.each<[string, unknown]>([
    ['Transform', { Transform: 'AWS::Serverless-2016-10-31', Resources: {} }],
    ['CreationPolicy', { Resources: { A: { Type: 'X::Y::Thing', CreationPolicy: {} } } }],
    ['SomeRule', { Rules: { SomeRule: {} }, Resources: {} }],
  ])('a template with %s is refused by name', (name, template) => {
    expect(() => parseTemplate(template, 'test.template.json')).toThrow(name);
  });

  test("CDK's check of the bootstrap version of a real account is left out", async () => {
    const template = {
      Parameters: {
        BootstrapVersion: { Type: 'AWS::SSM::Parameter::Value<String>', Default: '/cdk-bootstrap/hnb659fds/version' },
      },
      Rules: { CheckBootstrapVersion: { Assertions: [] } },
      Resources: {},
    };
    await expect(deploy(template)).resolves.toMatchObject({ outputs: {} });
  });
});

describe('deploying a stack again', () => {
  const things = (resources: Readonly<Record<string, { given?: string; isRetained?: true }>>) =>
    parseTemplate(
      {
        Resources: Object.fromEntries(
          Object.entries(resources).map(([id, { given, isRetained }]) => [
            id,
            {
              Type: 'X::Y::Thing',
              Properties: { Given: given },
              ...(isRetained && { DeletionPolicy: 'Retain' }),
            },
          ]),
        ),
      },
      'test.template.json',
    );
  const place = { stackName: 'Test', accountId: '000000000000', region: 'eu-west-1' };
  const things1 = things({ Same: { given: 'a' }, Changed: { given: 'a' }, Gone: {}, Held: { isRetained: true } });
  const things2 = things({ New: {}, Same: { given: 'a' }, Changed: { given: 'b' } });

  test('makes what is new, makes again what has changed, and takes away what is lacking, as CloudFormation does', async () => {
    const events: string[] = [];
    const provisioners = {
      'X::Y::Thing': (({ logicalId, properties }) => {
        events.push(`+${logicalId}`);
        return { ref: `${logicalId}=${properties.Given}`, attributes: {}, remove: () => events.push(`-${logicalId}`) };
      }) satisfies Provisioner,
    };
    const before = await deployTemplate({ ...place, template: things1, provisioners });
    events.length = 0;
    const { resources } = await deployTemplate({ ...place, template: things2, provisioners, before });
    expect(events).toEqual(['+New', '-Changed', '+Changed', '-Gone']);
    expect([...resources].map(([id, { ref }]) => [id, ref])).toEqual([
      ['New', 'New=undefined'],
      ['Same', 'Same=a'],
      ['Changed', 'Changed=b'],
    ]);
  });

  test('fails by name for a resource that it cannot take away', async () => {
    const provisioners = { 'X::Y::Thing': thing };
    const before = await deployTemplate({ ...place, template: things1, provisioners });
    await expect(deployTemplate({ ...place, template: things2, provisioners, before })).rejects.toThrow(
      'cannot take away Gone, an X::Y::Thing',
    );
  });
});
