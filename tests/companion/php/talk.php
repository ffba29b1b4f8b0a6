<?php
/**
 * php talk.php PLUGIN: one shopper's story told on standard input, as the shop would live it, and what left the shop on
 * standard output. {"settings": {…}, "base": "IE", "does": [["puts", 13, 2], ["types", "a@b.nl"], …], "restore": "token"}
 */

require __DIR__ . '/world.php';
require $argv[1];
do_action( 'woocommerce_init' );

$story = json_decode( stream_get_contents( STDIN ), true );
World::$base                    = $story['base'] ?? 'NL';
WC()->customer->country         = World::$base;
World::$options['rcv_settings'] = $story['settings'] ?? array();
World::$online                  = $story['online'] ?? false;
World::$coupons                 = $story['coupons'] ?? array();
foreach ( $story['does'] ?? array() as $deed ) {
	$_SERVER['REQUEST_METHOD'] = 'POST';
	switch ( $deed[0] ) {
		case 'puts':
			WC()->session->cookie = true;
			WC()->cart->add_to_cart( $deed[1], $deed[2], $deed[3] ?? 0, $deed[4] ?? array() );
			break;
		case 'types':
			WC()->customer->email      = $deed[1];
			WC()->customer->first_name = $deed[2] ?? '';
			do_action( 'woocommerce_store_api_cart_update_customer_from_request', WC()->customer, new Request( array() ) );
			break;
		case 'ticks':
			do_action( 'woocommerce_store_api_checkout_update_draft', new Request( array( 'additional_fields' => array( 'rcv/marketing-opt-in' => $deed[1] ) ) ) );
			break;
		case 'identifies':
			$_SERVER['HTTP_ORIGIN'] = 'https://theepot.example';
			$_POST                  = $deed[1];
			Mandje\Checkout::hear();
			break;
		case 'empties':
			WC()->cart->remove_all();
			break;
		case 'erases':
			Mandje\Privacy::erase( $deed[1] );
			break;
		case 'pushes':
			do_action( 'rcv_push' );
			break;
		case 'refreshes':
			do_action( 'rcv_daily' );
			break;
		case 'leaves':
			World::next();
			World::visitor();
			WC()->customer->country = World::$base;
			break;
	}
	World::next();
}
World::$page = 'checkout';
register_shutdown_function(
	static function () {
		// As WordPress does, also after an exit.
		do_action( 'shutdown' );
		$nocache = did_action( 'nocache' );
		do_action( 'wp_enqueue_scripts' );
		echo json_encode(
			array(
				'requests' => World::$requests,
				'target'   => World::$redirect,
				'status'   => did_action( 'status' ),
				'nocache'  => $nocache,
				'cart'     => array_values( array_map( static fn( $line ) => array( $line['product_id'], $line['variation_id'], $line['quantity'], (object) $line['variation'] ), WC()->cart->lines ) ),
				'codes'    => WC()->cart->codes,
				'session'  => (object) WC()->session->kept,
				'settings' => World::$options['rcv_settings'],
				'rows'     => array_values( $GLOBALS['wpdb']->tables['wp_rcv_carts'] ?? array() ),
				'script'   => World::$scripts['mandje'] ?? '',
				'box'      => Mandje\Words::box(),
			)
		);
	}
);
if ( isset( $story['restore'] ) ) {
	$_GET = array( 'rcv' => $story['restore'], 'utm_source' => 'mandje' );
	do_action( 'wp_loaded' );
}
if ( isset( $story['posts'] ) ) {
	$_SERVER['REQUEST_METHOD']      = 'POST';
	$_SERVER['HTTP_SEC_FETCH_SITE'] = 'same-origin';
	$_POST                          = $story['posts'];
	do_action( 'wc_ajax_rcv_identify' );
}
