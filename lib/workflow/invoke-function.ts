import { Aws } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { QueryLanguage, TaskStateBase, type TaskStateJsonataBaseProps } from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';

export interface InvokeFunctionProps extends TaskStateJsonataBaseProps {
  readonly function: IFunction;
  readonly payload: Readonly<Record<string, unknown>>;
  /** Whether the task ends when the token in its payload is sent back, and not when the function returns. */
  readonly waitForTaskToken?: boolean;
}

/**
 * Invokes a Lambda function, with JSONata only. CDK's LambdaInvoke grants all versions of the function (`:*`) and
 * retries six times by itself. This state is granted only the function's ARN, and itself says what it retries.
 */
export class InvokeFunction extends TaskStateBase {
  protected readonly taskMetrics = undefined;
  protected readonly taskPolicies: PolicyStatement[];
  private readonly call: InvokeFunctionProps;

  constructor(scope: Construct, id: string, props: InvokeFunctionProps) {
    super(scope, id, { ...props, queryLanguage: QueryLanguage.JSONATA });
    this.call = props;
    this.taskPolicies = [
      new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [props.function.functionArn] }),
    ];
  }

  protected _renderTask(): object {
    const { function: called, payload, waitForTaskToken } = this.call;
    return {
      Resource: `arn:${Aws.PARTITION}:states:::lambda:invoke${waitForTaskToken ? '.waitForTaskToken' : ''}`,
      ...this._renderParametersOrArguments(
        { FunctionName: called.functionArn, Payload: payload },
        QueryLanguage.JSONATA,
      ),
    };
  }
}
