import { type Definition, parseDefinition } from '../../local/asl/definition.ts';
import { flat, ofType, only, stagegate, type Template } from './synthesized.ts';

/** Returns the text of the definition in the template, with references as `<LogicalId.Arn>`. */
export const definitionTextOf = (template: Template): string =>
  flat(only(template, 'AWS::StepFunctions::StateMachine').Properties.DefinitionString);

/** The connection to GitHub with which builds of this definition may fetch. */
export const CONNECTION = 'arn:aws:codeconnections:eu-west-1:111111111111:connection/acme';

let parsed: Definition | undefined;

/** Returns the deployed definition, in which tasks call functions by name. It is parsed once for each suite. */
export function deploymentDefinition(): Definition {
  parsed ??= parseDefinition(withFunctionNames(stagegate({ allowedConnectionArns: [`github=${CONNECTION}`] })));
  return parsed;
}

/** Returns the text of the definition in the template, in which tasks call functions by name. */
export function withFunctionNames(template: Template): string {
  const names = new Map(
    ofType(template, 'AWS::Lambda::Function').map(([id, { Properties }]) => [
      `<${id}.Arn>`,
      flat(Properties.FunctionName),
    ]),
  );
  return definitionTextOf(template).replaceAll(/<\w+\.Arn>/g, (reference) => names.get(reference) ?? reference);
}
