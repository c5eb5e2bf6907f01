export const kitFolder: string;
export const supportFolder: string;
export const techniquesFolder: string;
export function buildTo(source: string, program: string, extra?: readonly string[]): void;
export function buildOnce(source: string, folder: string): string;
