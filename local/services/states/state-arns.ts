/**
 * Makes the ARN of an execution from its state machine's, `arn:aws:states:<region>:<account>:stateMachine:<machine>`.
 */
export function executionArn(machineArn: string, executionName: string): string {
  return `${machineArn.replace(':stateMachine:', ':execution:')}:${executionName}`;
}

/** Returns the ARN of the state machine that an execution belongs to, from the execution's ARN alone. */
export function machineArnOf(executionArnText: string): string {
  return executionArnText.replace(':execution:', ':stateMachine:').split(':').slice(0, 7).join(':');
}
