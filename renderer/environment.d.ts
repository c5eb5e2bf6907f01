/** Style sheets are imported for their effect only; the bundler turns them into one linked file. */
declare module '*.css';
