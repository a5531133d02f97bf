export const accountId = '111111111111';
export const region = 'eu-west-1';
