<?php
/** php run.php PLUGIN CASES: runs every test_… function of a file in a process of its own; prints what went wrong as JSON. */

error_reporting( E_ALL );
set_error_handler(
	static function ( $level, $words, $file, $line ) {
		throw new ErrorException( $words, 0, $level, $file, $line );
	}
);

function same( $expected, $actual, string $about = '' ): void {
	if ( $expected !== $actual ) {
		throw new Exception( $about . ' expected ' . json_encode( $expected ) . ', got ' . json_encode( $actual ) );
	}
}
function yes( $actual, string $about = '' ): void {
	same( true, (bool) $actual, $about );
}
function no( $actual, string $about = '' ): void {
	same( false, (bool) $actual, $about );
}

require __DIR__ . '/world.php';
require $argv[1];
require $argv[2];
do_action( 'before_woocommerce_init' );
do_action( 'woocommerce_init' );

$found = array();
foreach ( get_defined_functions()['user'] as $name ) {
	if ( 0 !== strpos( $name, 'test_' ) ) {
		continue;
	}
	$pipe  = stream_socket_pair( STREAM_PF_UNIX, STREAM_SOCK_STREAM, 0 );
	$child = pcntl_fork();
	if ( 0 === $child ) {
		try {
			$name();
			fwrite( $pipe[1], 'ok' );
		} catch ( Throwable $wrong ) {
			$at = $wrong->getTrace();
			fwrite( $pipe[1], get_class( $wrong ) . ': ' . $wrong->getMessage() . ' at ' . basename( $wrong->getFile() ) . ':' . $wrong->getLine() . ' from ' . implode( ' < ', array_map( static fn( $step ) => $step['function'] . ':' . ( $step['line'] ?? '' ), array_slice( $at, 0, 5 ) ) ) );
		}
		exit( 0 );
	}
	fclose( $pipe[1] );
	$found[ $name ] = stream_get_contents( $pipe[0] );
	pcntl_waitpid( $child, $status );
}
echo json_encode( $found, JSON_PRETTY_PRINT );
