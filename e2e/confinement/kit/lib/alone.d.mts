export function alone<T>(what: string, work: () => T | Promise<T>): Promise<T>;
