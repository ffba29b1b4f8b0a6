<?php
/** What the plugin does, in shop words. Each runs in a process of its own, as a request does. */

use Mandje\Basket;
use Mandje\Permission;
use Mandje\Restore;
use Mandje\Table;

const ADA = 'ada@shopper.example';

function puts_in( int $product = 13, int $quantity = 1 ): void {
	WC()->session->cookie = true;
	WC()->cart->add_to_cart( $product, $quantity );
	World::next();
}
function rows(): array {
	global $wpdb;
	return array_values( $wpdb->tables['wp_rcv_carts'] ?? array() );
}
function row(): array {
	same( 1, count( rows() ), 'rows' );
	return rows()[0];
}
function pushes(): array {
	Mandje\Configuration::forget();
	do_action( 'rcv_push' );
	$told = array();
	foreach ( World::$requests as $request ) {
		foreach ( json_decode( $request['body'], true )['events'] as $event ) {
			$told[] = $event;
		}
	}
	World::$requests = array();
	World::$actions  = array();
	return $told;
}
/** As the browser's script asks. */
function identifies( array $given, array $from = array( 'HTTP_ORIGIN' => 'https://theepot.example', 'HTTP_SEC_FETCH_SITE' => 'same-origin' ) ): void {
	unset( $_SERVER['HTTP_ORIGIN'], $_SERVER['HTTP_SEC_FETCH_SITE'], $_SERVER['HTTP_REFERER'] );
	$_SERVER['REQUEST_METHOD'] = 'POST';
	$_SERVER                   = $from + $_SERVER;
	$_POST                     = $given;
	Mandje\Checkout::hear();
	World::next();
}
/** The block checkout's own request: what was typed goes to the shop, which is not ours to change. */
function types_in_block( string $email ): void {
	WC()->customer->email = $email;
	do_action( 'woocommerce_store_api_cart_update_customer_from_request', WC()->customer, new Request( array() ) );
	World::next();
}
function ticks_in_block( bool $ticked = true ): void {
	do_action( 'woocommerce_store_api_checkout_update_draft', new Request( array( 'additional_fields' => array( 'rcv/marketing-opt-in' => $ticked ) ) ) );
	World::next();
}
function shop_is( string $mode, string $base, string $country = '' ): void {
	World::$base             = $base;
	WC()->customer->country  = '' === $country ? $base : $country;
	World::$options['rcv_settings'] = array( 'mode' => $mode, 'countries' => array( 'NL', 'BE', 'DE', 'AT', 'FR' ), 'box' => 'Mail mij.', 'text_version' => 'notice:7' );
}
function link_of( array $claims, string $secret = SECRET ): string {
	$payload = rtrim( strtr( base64_encode( json_encode( $claims ) ), '+/', '-_' ), '=' );
	return $payload . '.' . hash_hmac( 'sha256', 'restore.' . $payload, $secret );
}
define( 'SECRET', Mandje\Configuration::door()['secret'] );

// --- baskets ---

function test_a_basket_is_kept_once_and_told_a_minute_later_without_an_address() {
	WC()->session->cookie = true;
	WC()->cart->add_to_cart( 13, 2 );
	WC()->cart->add_to_cart( 17, 1, 17, array( 'attribute_colour' => 'Moss' ) );
	World::next();

	same( '', row()['email'] );
	same( 1, count( World::pending( 'rcv_push' ) ) );
	yes( World::pending( 'rcv_push' )[0]['moment'] >= time() + 59 );
	same( array(), World::$requests, 'nothing is called within a request' );
	$told = pushes();
	same( 1, count( $told ) );
	same( 'cart.updated', $told[0]['topic'] );
	$data = $told[0]['data'];
	same( null, $data['email'] );
	same( 0, $data['customer_id'] );
	same( '218.80', $data['total'] );
	same( array( '59.90', '119.80', 2, 'LANT-01' ), array( $data['items'][0]['price'], $data['items'][0]['line_total'], $data['items'][0]['quantity'], $data['items'][0]['sku'] ) );
	same( array( 'attribute_colour' => 'Moss' ), $data['items'][1]['variation'] );
	same( 'https://theepot.example/wp-content/uploads/5.jpg', $data['items'][0]['image'] );
	same( 1, preg_match( '/^[0-9a-f]{32}$/', $data['cart'] ) );
	same( array(), pushes(), 'told once' );
}

function test_names_are_told_as_people_read_them() {
	puts_in( 21 );

	same( 'O\'Dea & Zn “Theekan”', pushes()[0]['data']['items'][0]['name'] );
}

function test_a_page_on_which_nothing_happens_costs_nothing() {
	global $wpdb;
	puts_in();
	$wpdb->said               = array();
	WC()->session->reads      = 0;
	World::$options_read      = array();

	World::next();

	same( array(), $wpdb->said );
	same( 0, WC()->session->reads );
	same( array(), World::$options_read );
}

function test_a_change_that_changes_nothing_is_not_told_again() {
	puts_in();
	pushes();

	do_action( 'woocommerce_cart_item_set_quantity' );
	World::next();

	same( array(), pushes() );
}

function test_many_changes_in_a_minute_are_one_push_of_the_newest_state() {
	puts_in( 13, 1 );
	puts_in( 13, 2 );
	puts_in( 13, 3 );

	same( 1, count( World::pending( 'rcv_push' ) ) );
	$told = pushes();
	same( 1, count( $told ) );
	same( 3, $told[0]['data']['items'][0]['quantity'] );
}

function test_an_emptied_basket_is_told_as_empty() {
	puts_in();
	pushes();
	WC()->cart->remove_all();
	World::next();

	$told = pushes();

	same( array( 'cart.emptied', array(), '0.00' ), array( $told[0]['topic'], $told[0]['data']['items'], $told[0]['data']['total'] ) );
}

function test_robots_and_the_admin_leave_no_trace() {
	$_SERVER['HTTP_USER_AGENT'] = 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)';
	puts_in();
	$_SERVER['HTTP_USER_AGENT'] = 'Mozilla/5.0';
	World::$admin               = true;
	puts_in();

	same( array(), rows() );
}

function test_shipping_and_codes_come_along_when_they_are_known() {
	puts_in();
	no( isset( pushes()[0]['data']['shipping'] ) );
	WC()->cart->shipping = 4.95;
	WC()->session->set( 'chosen_shipping_methods', array( 'flat_rate:1' ) );
	WC()->cart->codes = array( 'lente' );
	do_action( 'woocommerce_applied_coupon', 'lente' );
	World::next();

	$data = pushes()[0]['data'];

	same( array( '4.95', '64.85', array( 'lente' ) ), array( $data['shipping'], $data['total'], $data['coupons'] ) );
}

function test_the_sites_consent_tool_and_the_filter_are_obeyed() {
	add_filter( 'rcv_should_track', static fn() => false );
	puts_in();

	same( array(), rows() );
}

// --- may the address be kept? ---

function test_every_case_of_the_permission() {
	$cases = array(
		// mode, country, base, consent, seen, account → permitted.
		array( 'consent', 'IE', 'IE', '', true, false, false ),
		array( 'consent', 'IE', 'IE', 'granted', false, false, true ),
		array( 'consent', 'IE', 'IE', '', true, true, false ),
		array( 'notice', 'IE', 'IE', '', false, false, false ),
		array( 'notice', 'IE', 'IE', '', true, false, true ),
		array( 'notice', 'IE', 'IE', 'denied', true, false, false ),
		array( 'notice', 'NL', 'IE', '', true, false, false ),
		array( 'notice', 'IE', 'DE', '', true, false, false ),
		array( 'notice', 'BE', 'BE', 'granted', false, false, true ),
		array( 'notice', '', '', '', true, false, false ),
		array( 'notice', '', 'IE', '', true, false, true ),
		array( 'accounts', 'IE', 'IE', 'granted', true, false, false ),
		array( 'accounts', 'IE', 'IE', '', false, true, true ),
		array( 'accounts', 'FR', 'IE', '', false, true, false ),
		array( 'accounts', 'FR', 'FR', 'granted', false, true, true ),
		array( 'nonsense', 'IE', 'IE', '', true, true, false ),
	);
	foreach ( $cases as $case ) {
		list( $mode, $country, $base, $consent, $seen, $account, $expected ) = $case;
		$countries = array( 'NL', 'BE', 'DE', 'AT', 'FR' );
		same( $expected, Permission::granted( compact( 'mode', 'countries', 'country', 'base', 'consent', 'seen', 'account' ) ), json_encode( $case ) );
	}
}

function test_in_nl_an_address_typed_in_the_block_checkout_is_not_kept_before_the_tick() {
	shop_is( 'notice', 'NL' );
	puts_in();
	types_in_block( ADA );
	identifies( array( 'seen' => '1', 'checkout' => 'block' ) );

	same( '', row()['email'] );
	same( false, strpos( json_encode( rows() ), 'shopper' ) );
	same( null, pushes()[0]['data']['email'] );

	ticks_in_block();
	$data = pushes()[0]['data'];
	same( array( ADA, 'checkout' ), array( $data['email'], $data['email_source'] ) );
	same( array( 'granted', 'block_checkout', 'notice:7' ), array( $data['consent']['state'], $data['consent']['source'], $data['consent']['text_version'] ) );
	yes( strtotime( $data['consent']['at'] ) > time() - 60 );
}

function test_elsewhere_the_address_is_kept_once_the_notice_was_seen() {
	shop_is( 'notice', 'IE' );
	puts_in();
	types_in_block( ADA );
	same( null, pushes()[0]['data']['email'] );

	identifies( array( 'seen' => '1', 'checkout' => 'block' ) );

	$data = pushes()[0]['data'];
	same( array( ADA, null ), array( $data['email'], $data['consent'] ) );
}

function test_a_shopper_who_turns_out_to_live_in_germany_is_no_longer_named() {
	shop_is( 'notice', 'IE' );
	puts_in();
	types_in_block( ADA );
	identifies( array( 'seen' => '1', 'checkout' => 'block' ) );
	pushes();

	WC()->customer->country = 'DE';
	types_in_block( ADA );

	same( '', row()['email'] );
	same( null, pushes()[0]['data']['email'] );
}

function test_the_classic_checkout_tells_a_typed_address_with_its_tick() {
	shop_is( 'consent', 'NL' );
	puts_in();
	identifies( array( 'email' => 'Ada@Shopper.example', 'consent' => '1', 'checkout' => 'classic', 'country' => 'NL' ) );

	$data = pushes()[0]['data'];

	same( array( ADA, 'typed', 'classic_checkout' ), array( $data['email'], $data['email_source'], $data['consent']['source'] ) );
}

function test_the_server_keeps_no_address_that_a_changed_script_sends_without_the_tick() {
	shop_is( 'notice', 'NL' );
	puts_in();

	identifies( array( 'email' => ADA, 'seen' => '1', 'checkout' => 'classic', 'country' => 'IE' ) );

	same( '', row()['email'] );
}

function test_only_this_shops_own_pages_may_identify() {
	shop_is( 'consent', 'NL' );
	puts_in();
	$said = array( 'email' => ADA, 'consent' => '1', 'checkout' => 'classic' );
	identifies( $said, array( 'HTTP_ORIGIN' => 'https://evil.example', 'HTTP_SEC_FETCH_SITE' => 'cross-site' ) );
	identifies( $said, array( 'HTTP_ORIGIN' => 'https://theepot.example:8443' ) );
	identifies( $said, array( 'HTTP_ORIGIN' => 'null' ) );
	identifies( $said, array() );
	same( '', row()['email'] );

	identifies( $said, array( 'HTTP_REFERER' => 'https://theepot.example/checkout/' ) );

	same( ADA, row()['email'] );
}

function test_nobody_identifies_more_than_ten_times() {
	shop_is( 'consent', 'NL' );
	puts_in();
	for ( $turn = 1; $turn <= 12; $turn++ ) {
		identifies( array( 'email' => "ada$turn@shopper.example", 'consent' => '1', 'checkout' => 'classic' ) );
	}

	same( 'ada10@shopper.example', row()['email'] );
}

function test_nonsense_from_the_page_breaks_nothing() {
	shop_is( 'notice', 'IE' );
	puts_in();
	foreach ( array( array( 'email' => array( 'x' ), 'seen' => array() ), array( 'email' => "a\0@b.nl'\"", 'seen' => '1', 'country' => '<script>' ), array( 'email' => str_repeat( 'a', 3000 ) . '@b.nl', 'seen' => '1' ) ) as $given ) {
		identifies( $given );
	}

	same( '', row()['email'] );
	same( array(), World::$log );
}

function test_an_unticked_box_takes_the_yes_back_and_mandje_hears_it() {
	shop_is( 'consent', 'NL' );
	puts_in();
	types_in_block( ADA );
	ticks_in_block();
	pushes();

	ticks_in_block( false );

	$told = pushes();
	$by   = array_column( $told, null, 'topic' );
	same( array( ADA, 'denied' ), array( $by['consent.changed']['data']['email'], $by['consent.changed']['data']['consent']['state'] ) );
	same( null, $by['cart.updated']['data']['email'] );
	same( 1, count( rows() ), 'the event is gone once told' );
}

function test_a_box_left_alone_says_neither_yes_nor_no() {
	shop_is( 'consent', 'NL' );
	puts_in();
	types_in_block( ADA );
	ticks_in_block( false );

	same( null, row()['consent'] );
}

function test_no_thanks_ends_it_and_is_told_when_the_address_was() {
	shop_is( 'notice', 'IE' );
	puts_in();
	types_in_block( ADA );
	identifies( array( 'seen' => '1', 'checkout' => 'block' ) );
	pushes();

	identifies( array( 'no' => '1', 'checkout' => 'block' ) );
	same( 1, count( World::pending( 'rcv_push' ) ) );
	puts_in( 17 );

	$told = pushes();
	same( array( 'consent.changed' ), array_column( $told, 'topic' ) );
	same( 'denied', $told[0]['data']['consent']['state'] );
	same( false, strpos( json_encode( rows() ), 'shopper' ) );
	same( array( '', null ), array( row()['email'], row()['payload'] ) );
}

function test_no_thanks_before_anything_was_told_tells_nothing() {
	shop_is( 'notice', 'IE' );
	puts_in();
	World::$actions = array();
	$_COOKIE['rcv_no'] = '1';
	types_in_block( ADA );

	same( array(), pushes() );
	same( false, strpos( json_encode( rows() ), 'shopper' ) );
}

function test_a_box_ticked_after_no_thanks_is_the_newer_word() {
	shop_is( 'consent', 'NL' );
	puts_in();
	identifies( array( 'no' => '1', 'checkout' => 'classic' ) );
	identifies( array( 'email' => ADA, 'consent' => '1', 'checkout' => 'classic' ) );

	same( ADA, row()['email'] );
}

function test_in_accounts_mode_only_who_is_logged_in_is_named() {
	shop_is( 'accounts', 'IE' );
	puts_in();
	types_in_block( 'guest@shopper.example' );
	same( array( null, 0 ), array( pushes()[0]['data']['email'], 0 ) );

	World::$user          = 7;
	WC()->customer->email = '';
	do_action( 'woocommerce_guest_session_to_user_id', 't_abc', 7 );
	World::next();

	$data = pushes()[0]['data'];
	same( array( ADA, 'account', 7 ), array( $data['email'], $data['email_source'], $data['customer_id'] ) );
}

function test_in_accounts_mode_a_listed_country_names_the_account_but_no_address_before_the_tick() {
	shop_is( 'accounts', 'NL' );
	World::$user = 7;
	puts_in();

	$data = pushes()[0]['data'];

	same( array( null, 7, '' ), array( $data['email'], $data['customer_id'], $data['first_name'] ) );
}

function test_an_accounts_own_yes_counts_next_time_and_the_box_starts_empty() {
	shop_is( 'consent', 'NL' );
	World::$user = 7;
	puts_in();
	ticks_in_block();
	$order = new Order();
	do_action( 'woocommerce_store_api_checkout_update_order_meta', $order );
	do_action( 'woocommerce_store_api_checkout_update_order_from_request', $order, new Request( array( 'additional_fields' => array( 'rcv/marketing-opt-in' => true ) ) ) );
	WC()->customer->remember_box( true );
	do_action( 'woocommerce_store_api_checkout_order_processed', $order );
	World::next();
	same( array(), WC()->customer->meta, 'not of this visit' );
	same( array( '_rcv_consent' ), array_keys( World::$user_meta[7] ), 'nor of the account' );
	pushes();

	puts_in( 17 );

	same( ADA, pushes()[0]['data']['email'] );
}

function test_an_account_that_leaves_its_empty_box_alone_takes_nothing_back() {
	shop_is( 'consent', 'NL' );
	World::$user                         = 7;
	World::$user_meta[7]['_rcv_consent'] = array( 'state' => 'granted', 'at' => '2026-01-01T00:00:00Z', 'source' => 'block_checkout', 'text_version' => 'notice:1' );
	puts_in();
	ticks_in_block( false );
	ticks_in_block( false );
	$data = pushes()[0]['data'];
	same( array( ADA, 'granted', 'notice:1' ), array( $data['email'], $data['consent']['state'], $data['consent']['text_version'] ) );

	identifies( array( 'consent' => '0', 'checkout' => 'block' ) );

	$told = array_column( pushes(), null, 'topic' );
	same( array( ADA, 'denied', null ), array( $told['consent.changed']['data']['email'], $told['consent.changed']['data']['consent']['state'], $told['cart.updated']['data']['email'] ) );
	same( array(), World::$user_meta[7] );
}

// --- what the checkouts show ---

function test_the_box_stands_in_both_checkouts_and_is_never_ticked() {
	$block = World::$fields['rcv/marketing-opt-in'];
	same( array( 'contact', 'checkbox', false ), array( $block['location'], $block['type'], $block['required'] ) );
	same( $block['label'], $block['optionalLabel'], 'no "(optional)" behind the words' );

	ob_start();
	do_action( 'woocommerce_after_checkout_billing_form' );
	ob_end_clean();

	same( 0, World::$fields['rcv_marketing_opt_in']['value'] );
	same( Mandje\Words::box(), html_entity_decode( World::$fields['rcv_marketing_opt_in']['label'], ENT_QUOTES ) );
}

function test_the_script_stands_on_the_checkout_only_and_holds_no_secret_and_no_nonce() {
	do_action( 'wp_enqueue_scripts' );
	same( array(), World::$scripts );
	World::$page = 'checkout';

	do_action( 'wp_enqueue_scripts' );

	$script = World::$scripts['mandje'];
	same( false, strpos( $script, SECRET ) );
	same( false, strpos( $script, 'nonce' ) );
	same( false, strpos( $script, '</script' ) );
}

function test_the_box_does_not_stand_among_the_details_of_an_account() {
	ob_start();
	woocommerce_form_field( 'rcv/marketing-opt-in', array( 'type' => 'checkbox', 'label' => 'Mail mij.' ), false );
	same( '', ob_get_clean() );

	ob_start();
	woocommerce_form_field( 'terms', array( 'type' => 'checkbox', 'label' => 'Akkoord.' ), false );
	yes( strpos( ob_get_clean(), 'Akkoord.' ) );
}

function test_guests_see_nothing_where_only_accounts_are_followed() {
	shop_is( 'accounts', 'IE' );
	World::$page = 'checkout';

	do_action( 'wp_enqueue_scripts' );

	same( array(), World::$scripts );
}

// --- orders ---

function test_a_classic_order_carries_its_basket_its_mail_and_its_consent() {
	puts_in();
	$id = WC()->session->get( 'rcv_cart' );
	WC()->session->set( 'rcv_rid', 'm-1' );
	$_POST['rcv_marketing_opt_in'] = '1';
	$order                         = new Order();
	do_action( 'woocommerce_checkout_create_order', $order, array() );
	do_action( 'woocommerce_new_order', 54 );
	do_action( 'woocommerce_checkout_order_processed', 54, array(), $order );
	WC()->cart->empty_cart();
	World::next();

	same( array( $id, 'm-1' ), array( $order->meta['_rcv_cart'], $order->meta['_rcv_rid'] ) );
	same( array( 'granted', 'classic_checkout' ), array( $order->meta['_rcv_consent']['state'], $order->meta['_rcv_consent']['source'] ) );
	same( array( null, null ), array( WC()->session->get( 'rcv_cart' ), WC()->session->get( 'rcv_rid' ) ) );
	same( array(), rows() );
	same( array(), pushes(), 'an order is no emptied basket' );
}

function test_a_block_order_carries_them_too() {
	puts_in();
	$id    = WC()->session->get( 'rcv_cart' );
	$order = new Order();
	do_action( 'woocommerce_store_api_checkout_update_order_from_request', $order, new Request( array( 'additional_fields' => array( 'rcv/marketing-opt-in' => true ) ) ) );
	do_action( 'woocommerce_store_api_checkout_update_order_meta', $order );
	do_action( 'woocommerce_new_order', 55 );
	do_action( 'woocommerce_store_api_checkout_order_processed', $order );
	WC()->cart->empty_cart();
	World::next();

	same( $id, $order->meta['_rcv_cart'] );
	same( array( 'granted', 'block_checkout' ), array( $order->meta['_rcv_consent']['state'], $order->meta['_rcv_consent']['source'] ) );
	same( array(), pushes() );
}

function test_paying_for_an_older_order_leaves_todays_basket_alone() {
	puts_in();
	$id    = WC()->session->get( 'rcv_cart' );
	$older = new Order();
	$older->update_meta_data( '_rcv_cart', 'of last week' );
	do_action( 'woocommerce_store_api_checkout_update_order_from_request', $older, new Request( array( 'additional_fields' => array( 'rcv/marketing-opt-in' => true ) ), array( 'id' => '51' ) ) );
	do_action( 'woocommerce_store_api_checkout_order_processed', $older );
	do_action( 'woocommerce_thankyou', 51 );
	World::next();

	same( array( '_rcv_cart' => 'of last week' ), $older->meta );
	same( array( $id, $id ), array( WC()->session->get( 'rcv_cart' ), row()['id'] ) );
}

function test_thanking_ends_a_basket_that_was_ordered_and_no_newer_one() {
	puts_in();
	$id = WC()->session->get( 'rcv_cart' );
	do_action( 'woocommerce_thankyou', 51 );
	World::next();
	same( $id, WC()->session->get( 'rcv_cart' ), 'a thank-you page that was opened again' );
	pushes();
	do_action( 'woocommerce_thankyou', 51 );
	WC()->cart->empty_cart();
	World::next();
	same( array( 'cart.emptied' ), array_column( pushes(), 'topic' ), 'WooCommerce empties whatever is in it' );
	puts_in();

	do_action( 'woocommerce_checkout_create_order', new Order(), array() );
	World::next();
	do_action( 'woocommerce_thankyou', 52 );
	World::next();
	same( array( null, array() ), array( WC()->session->get( 'rcv_cart' ), rows() ) );
}

function test_an_order_that_a_gateway_makes_by_itself_is_no_emptied_basket_either() {
	puts_in();
	pushes();
	do_action( 'woocommerce_new_order', 56 );
	WC()->cart->empty_cart();
	World::next();

	same( array(), pushes() );
}

function test_after_a_gateway_of_its_own_way_the_next_basket_is_another_one() {
	puts_in();
	$first = WC()->session->get( 'rcv_cart' );
	do_action( 'woocommerce_checkout_create_order', new Order(), array() );
	World::next();
	pushes();
	WC()->cart->empty_cart();
	World::next();

	same( array(), pushes() );
	puts_in( 17 );
	yes( WC()->session->get( 'rcv_cart' ) );
	no( WC()->session->get( 'rcv_cart' ) === $first );
}

function test_a_basket_emptied_by_hand_while_a_draft_waits_is_told() {
	puts_in();
	$draft         = new Order();
	$draft->status = 'checkout-draft';
	do_action( 'woocommerce_store_api_checkout_update_order_meta', $draft );
	World::next();
	pushes();
	WC()->cart->remove_all();
	World::next();

	same( array( 'cart.emptied' ), array_column( pushes(), 'topic' ) );
}

function test_a_name_is_never_told_without_its_address() {
	global $wpdb;
	shop_is( 'consent', 'NL' );
	puts_in();
	WC()->customer->first_name = 'Ada';
	types_in_block( ADA );
	ticks_in_block();
	$wpdb->update( 'wp_rcv_carts', array( 'email' => '' ), array( 'id' => row()['id'] ) );

	same( array( null, null, '' ), array_values( array_intersect_key( pushes()[0]['data'], array_flip( array( 'email', 'consent', 'first_name' ) ) ) ) );
}

function test_an_order_without_a_tick_carries_no_consent() {
	puts_in();
	$order = new Order();
	do_action( 'woocommerce_checkout_create_order', $order, array() );

	no( isset( $order->meta['_rcv_consent'] ) );
}

function test_the_shops_own_reminder_is_held_back() {
	same( true, apply_filters( 'woocommerce_abandoned_cart_recovery_suppress', false ) );
}

// --- pushing ---

function test_while_mandje_is_away_it_tries_again_later_and_later_and_then_says_so() {
	puts_in();
	World::$can = array( 'manage_woocommerce' );
	$waits      = array();
	for ( $turn = 1; $turn <= 6; $turn++ ) {
		World::$answers = array( array( 'status' => 503, 'headers' => array(), 'body' => '' ) );
		World::$actions = array();
		do_action( 'rcv_push' );
		$waits[] = World::pending( 'rcv_push' ) ? World::pending( 'rcv_push' )[0]['moment'] - time() : null;
	}
	same( array( 60, 300, 1800, 7200, 43200, null ), array_map( static fn( $wait ) => null === $wait ? null : (int) round( $wait / 10 ) * 10, $waits ) );
	ob_start();
	do_action( 'admin_notices' );
	yes( strpos( ob_get_clean(), 'answer 503' ) );

	puts_in( 17 );
	yes( World::pending( 'rcv_push' )[0]['moment'] > time() + 3000, 'news after giving up is tried once an hour' );
	World::$requests = array();
	same( array( 2 ), array_map( static fn( $event ) => count( $event['data']['items'] ), pushes() ) );
	ob_start();
	do_action( 'admin_notices' );
	same( '', ob_get_clean() );
}

function test_news_does_not_shorten_the_wait_after_a_failure() {
	puts_in();
	World::$answers = array( new WP_Error() );
	World::$running = true;
	World::$actions = array();
	do_action( 'rcv_push' );
	World::$running = false;
	World::$answers = array( new WP_Error() );
	do_action( 'rcv_push' );
	puts_in( 17 );

	same( 1, count( World::pending( 'rcv_push' ) ) );
	yes( World::pending( 'rcv_push' )[0]['moment'] > time() + 290 );
}

function test_what_changes_while_a_push_runs_is_told_by_the_next() {
	puts_in();
	World::$actions = array();
	World::$running = true;
	puts_in( 17 );

	same( 1, count( World::pending( 'rcv_push' ) ), 'a running one may have read the rows already' );
}

function test_a_change_during_the_call_is_not_marked_as_told() {
	global $wpdb;
	puts_in();
	$row = (object) row();
	puts_in( 17 );

	Table::told( $row );

	same( '1', row()['waiting'] );
}

function test_fifty_baskets_go_in_one_post() {
	for ( $visitor = 0; $visitor < 60; $visitor++ ) {
		World::visitor();
		puts_in();
	}
	do_action( 'rcv_push' );

	same( array( 50, 10 ), array_map( static fn( $request ) => count( json_decode( $request['body'], true )['events'] ), World::$requests ) );
	same( array( 10, 0 ), array( World::$requests[0]['timeout'], World::$requests[0]['redirection'] ) );
}

function test_a_shop_whose_clock_is_off_learns_the_time_from_the_refusal() {
	puts_in();
	World::$answers = array( array( 'status' => 401, 'headers' => array( 'date' => gmdate( 'D, d M Y H:i:s', time() + 4000 ) . ' GMT' ), 'body' => '' ) );
	do_action( 'rcv_push' );
	do_action( 'rcv_push' );

	$stamp = (int) World::$requests[1]['headers']['X-Rcv-Timestamp'];
	yes( abs( $stamp - time() - 4000 ) < 5 );
}

function test_the_webhook_mandje_made_wins_over_the_file() {
	global $wpdb;
	$wpdb->tables['wp_wc_webhooks'] = array(
		array( 'webhook_id' => 31, 'status' => 'disabled', 'topic' => 'rcv_cart.updated', 'delivery_url' => 'https://old.example/' ),
		array( 'webhook_id' => 32, 'status' => 'active', 'topic' => 'rcv_cart.updated', 'delivery_url' => 'https://elsewhere.example/' ),
		array( 'webhook_id' => 33, 'status' => 'active', 'topic' => 'order.updated', 'delivery_url' => 'https://elsewhere.example/' ),
	);
	World::$webhooks[32]            = new Webhook( 'rcv_cart.updated' );
	Mandje\Configuration::forget();
	puts_in();
	do_action( 'rcv_push' );

	$sent = World::$requests[0];
	same( 'https://elsewhere.example/webhooks/woocommerce/fromthewebhook/', $sent['url'] );
	same( base64_encode( hash_hmac( 'sha256', $sent['headers']['X-Rcv-Timestamp'] . '.' . $sent['body'], 'webhook&secret', true ) ), $sent['headers']['X-WC-Webhook-Signature'] );
	yes( $sent['safe'], 'a foreign address may not lead into the shop\'s own network' );
	no( apply_filters( 'woocommerce_webhook_should_deliver', true, World::$webhooks[32], 1 ) );
	yes( apply_filters( 'woocommerce_webhook_should_deliver', true, new Webhook( 'order.updated' ), 1 ) );
}

function test_a_webhook_that_was_paused_switches_the_plugin_off() {
	global $wpdb;
	$wpdb->tables['wp_wc_webhooks'] = array(
		array( 'webhook_id' => 32, 'status' => 'paused', 'topic' => 'rcv_cart.updated', 'delivery_url' => 'https://moved.example/webhooks/woocommerce/k3yOfTheStore' ),
		array( 'webhook_id' => 34, 'status' => 'active', 'topic' => 'rcv_cart.updated', 'delivery_url' => 'https://moved.example/webhooks/woocommerce/another/' ),
	);
	World::$webhooks[32]            = new Webhook( 'rcv_cart.updated' );
	Mandje\Configuration::forget();
	puts_in();

	same( array(), pushes() );
}

function test_woocommerce_accepts_the_topic() {
	yes( in_array( 'rcv_cart', apply_filters( 'woocommerce_valid_webhook_resources', array( 'order' ) ), true ) );
	yes( in_array( 'updated', apply_filters( 'woocommerce_valid_webhook_events', array( 'created', 'updated' ) ), true ) );
	$hooks = apply_filters( 'woocommerce_webhook_topic_hooks', array( 'order.updated' => array( 'x' ) ), null );
	same( 1, count( $hooks['rcv_cart.updated'] ) );
}

function test_without_action_scheduler_wordpress_cron_does_it() {
	World::$action_scheduler = false;
	puts_in();
	puts_in( 17 );

	same( array( 'cron' ), array_column( World::pending( 'rcv_push' ), 'group' ) );
}

function test_where_one_shop_has_two_engines_the_plugin_follows_its_own() {
	global $wpdb;
	$wpdb->tables['wp_wc_webhooks'] = array(
		array( 'webhook_id' => 32, 'status' => 'active', 'topic' => 'rcv_cart.updated', 'delivery_url' => 'https://moved.example/webhooks/woocommerce/k3yOfTheStore/' ),
		array( 'webhook_id' => 34, 'status' => 'active', 'topic' => 'rcv_cart.updated', 'delivery_url' => 'https://other.example/webhooks/woocommerce/another/' ),
	);
	World::$webhooks[32] = new Webhook( 'rcv_cart.updated' );
	Mandje\Configuration::forget();

	same( 'webhook', Mandje\Configuration::door()['source'] );
}

function test_the_admin_sees_the_topic_by_name_and_the_shops_policy_gets_a_paragraph() {
	do_action( 'admin_init' );

	yes( apply_filters( 'woocommerce_webhook_topics', array() )['rcv_cart.updated'] );
	yes( strpos( World::$registered['policy'], '60 dagen' ) );
	no( strpos( World::$registered['policy'], ' je ' ) );
}

function test_news_for_an_older_file_does_not_outlive_it() {
	World::$options['rcv_settings'] = array( 'file' => 'an older one', 'mode' => 'notice' );

	same( 'consent', Mandje\Configuration::get( 'mode' ) );
}

// --- links ---

function test_a_link_fills_an_empty_basket_from_what_it_tells() {
	World::$coupons['lente10'] = '';
	$target = Restore::answer( link_of( array( 'c' => str_repeat( 'a', 32 ), 'x' => time() + 60, 'k' => 'LENTE10', 'r' => 'm-9', 'i' => array( array( 13, 0, 2, array() ), array( 17, 17, 1, array( 'attribute_colour' => 'Moss', 'evil' => 'x' ) ) ) ) ), time() );

	same( 'https://theepot.example/checkout/', $target );
	same( array( 2, 1 ), array_values( array_column( WC()->cart->lines, 'quantity' ) ) );
	same( array( 'attribute_colour' => 'Moss' ), array_values( WC()->cart->lines )[1]['variation'] );
	same( array( 'lente10' ), WC()->cart->codes );
	same( array( str_repeat( 'a', 32 ), 'm-9' ), array( WC()->session->get( 'rcv_cart' ), WC()->session->get( 'rcv_rid' ) ) );
	yes( WC()->session->cookie );
	same( '', WC()->customer->email );
	same( 0, World::$user );
}

function test_a_guests_bound_coupon_works_because_the_address_is_known_here() {
	shop_is( 'consent', 'NL' );
	puts_in();
	types_in_block( ADA );
	ticks_in_block();
	$id = WC()->session->get( 'rcv_cart' );
	World::visitor();
	World::$coupons['voorada'] = ADA;

	Restore::answer( link_of( array( 'c' => $id, 'x' => time() + 60, 'k' => 'voorada', 'r' => '', 'i' => array() ) ), time() );
	World::next();

	same( array( 'voorada' ), WC()->cart->codes );
	same( 1, count( WC()->cart->lines ), 'as the shop last saw it' );
	same( ADA, row()['email'] );
}

function test_a_basket_that_is_in_use_is_left_as_it_is() {
	puts_in( 17 );
	$mine = WC()->session->get( 'rcv_cart' );
	World::$coupons['lente10'] = '';

	Restore::answer( link_of( array( 'c' => str_repeat( 'b', 32 ), 'x' => time() + 60, 'k' => 'lente10', 'r' => 'm-3', 'i' => array( array( 13, 0, 1, array() ) ) ) ), time() );

	same( array( 17 ), array_values( array_column( WC()->cart->lines, 'product_id' ) ) );
	same( array( array( 'lente10' ), $mine, 'm-3' ), array( WC()->cart->codes, WC()->session->get( 'rcv_cart' ), WC()->session->get( 'rcv_rid' ) ) );
}

function test_what_is_gone_is_named_and_the_rest_comes_back() {
	Restore::answer( link_of( array( 'c' => '', 'x' => time() + 60, 'k' => '', 'r' => '', 'i' => array( array( 15, 0, 1, array() ), array( 999, 0, 1, array() ), array( 13, 0, 1, array() ), array( 21, 0, 5, array() ), 'junk', array() ) ) ), time() );

	same( array( 13, 21 ), array_values( array_column( WC()->cart->lines, 'product_id' ) ) );
	same( 2, array_values( WC()->cart->lines )[1]['quantity'], 'as many as are left' );
	same( array( 'notice' ), array_keys( World::$notices ) );
	same( 'Niet meer verkrijgbaar: Wool Blanket, een artikel uit het winkelmandje', World::$notices['notice'][0]['notice'] );
}

function test_what_is_gone_is_said_above_a_checkout_whose_theme_prints_no_notices_and_once() {
	$footer = static function (): string {
		ob_start();
		do_action( 'wp_footer' );
		return ob_get_clean();
	};
	$link = link_of( array( 'c' => '', 'x' => time() + 60, 'k' => '', 'r' => '', 'i' => array( array( 15, 0, 1, array() ), array( 13, 0, 1, array() ) ) ) );
	Restore::answer( $link, time() );
	same( '', $footer(), 'on another page it waits' );
	World::$page = 'checkout';
	yes( strpos( $footer(), 'Niet meer verkrijgbaar: Wool Blanket' ) );
	same( '', $footer() );

	World::visitor();
	Restore::answer( $link, time() );
	World::$notices = array();
	same( '', $footer(), 'a theme that has printed it has said enough' );
}

function test_a_code_that_is_refused_is_a_remark_and_stops_nothing() {
	World::$coupons['vooreva'] = 'eva@shopper.example';
	wc_add_notice( 'Already there.', 'error' );

	Restore::answer( link_of( array( 'c' => '', 'x' => time() + 60, 'k' => 'vooreva', 'r' => '', 'i' => array( array( 13, 0, 1, array() ) ) ) ), time() );

	same( array( 'Already there.' ), array_column( World::$notices['error'], 'notice' ), 'WooCommerce would refuse the next step of the block checkout once' );
	same( array( 'Please enter a valid email to use this coupon.' ), array_column( World::$notices['notice'], 'notice' ) );
	same( 1, count( WC()->cart->lines ) );
}

function test_a_forged_or_changed_link_does_nothing() {
	$genuine = link_of( array( 'c' => '', 'x' => time() + 60, 'k' => '', 'r' => '', 'i' => array( array( 13, 0, 1, array() ) ) ) );
	$forged  = array(
		link_of( array( 'x' => time() + 60, 'i' => array( array( 13, 0, 1, array() ) ) ), 'another-secret' ),
		link_of( array( 'x' => time() + 60, 'i' => array( array( 13, 0, 1, array() ) ) ), '' ),
		'A' . substr( $genuine, 1 ),
		substr( $genuine, 0, -1 ) . ( 'a' === substr( $genuine, -1 ) ? 'b' : 'a' ),
		substr( $genuine, 0, -1 ),
		$genuine . "\n",
		'', '.', 'x.y', str_repeat( 'a', 9000 ),
	);
	foreach ( $forged as $token ) {
		same( '', Restore::answer( $token, time() ), $token );
	}
	same( array(), WC()->cart->lines );
	same( array(), WC()->session->kept );
}

function test_an_expired_link_leads_to_the_shop_with_a_friendly_word() {
	$target = Restore::answer( link_of( array( 'c' => '', 'x' => time() - 1, 'k' => '', 'r' => '', 'i' => array( array( 13, 0, 1, array() ) ) ) ), time() );

	same( 'https://theepot.example/shop/', $target );
	same( array(), WC()->cart->lines );
	same( 'Deze link is verlopen. Alles in de winkel is er nog gewoon.', World::$notices['notice'][0]['notice'] );
}

function test_a_link_keeps_the_campaign_and_nothing_else() {
	$_GET   = array( 'utm_source' => 'mandje', 'utm_id' => 'a b&c', 'rcv' => 'x', 'add-to-cart' => '13', 'utm_evil[' => 'x' );
	$target = Restore::answer( link_of( array( 'c' => '', 'x' => time() + 60, 'k' => '', 'r' => '', 'i' => array() ) ), time() );

	same( 'https://theepot.example/checkout/?utm_source=mandje&utm_id=a%20b%26c', $target );
}

function test_a_link_with_strange_contents_breaks_nothing() {
	foreach ( array( array( 'x' => time() + 60, 'c' => array(), 'k' => array(), 'r' => 5, 'i' => 'x' ), array( 'x' => time() + 60, 'i' => array( array( 'a', null, 'q', 'z' ), array( 13, 0, -4, array() ), array( array(), 1 ) ) ) ) as $claims ) {
		yes( Restore::answer( link_of( $claims ), time() ) );
	}
	same( array(), WC()->cart->lines );
}

// --- privacy, status, coming and going ---

function test_a_person_is_exported_and_erased_and_mandje_is_told() {
	shop_is( 'consent', 'NL' );
	puts_in();
	types_in_block( ADA );
	ticks_in_block();
	pushes();
	$export = apply_filters( 'wp_privacy_personal_data_exporters', array() )['mandje']['callback']( 'ADA@shopper.example', 1 );
	same( array( 1, true ), array( count( $export['data'] ), $export['done'] ) );

	$erased = apply_filters( 'wp_privacy_personal_data_erasers', array() )['mandje']['callback']( 'ADA@shopper.example', 1 );

	same( array( true, true ), array( $erased['items_removed'], $erased['done'] ) );
	$told = pushes();
	same( array( 'privacy.erase', ADA ), array( $told[0]['topic'], $told[0]['data']['email'] ) );
	same( array(), rows() );
}

function test_baskets_go_after_sixty_days() {
	global $wpdb;
	puts_in();
	$id = row()['id'];
	$wpdb->tables['wp_rcv_carts'][ $id ]['updated'] = (string) ( time() - 61 * 86400 );

	do_action( 'rcv_daily' );

	same( array(), rows() );
}

function test_the_status_is_for_who_manages_the_shop_and_holds_no_secret() {
	puts_in();
	do_action( 'rest_api_init' );
	$route = World::$routes['rcv/v1/status'];
	no( $route['permission_callback']() );
	World::$can = array( 'manage_woocommerce' );
	yes( $route['permission_callback']() );

	$status = $route['callback']();

	same( array( Mandje\VERSION, true, 1, 'file' ), array( $status['version'], $status['configured'], $status['waiting'], $status['source'] ) );
	same( false, strpos( json_encode( $status ), SECRET ) );
}

function test_a_key_of_woocommerce_opens_the_status_and_no_other_route() {
	$opens = static function ( string $address, string $method = 'GET' ): bool {
		$_SERVER['REQUEST_URI']    = $address;
		$_SERVER['REQUEST_METHOD'] = $method;
		return (bool) apply_filters( 'woocommerce_rest_is_request_to_rest_api', false );
	};
	foreach ( array( '/wp-json/rcv/v1/status', '/wp-json/rcv/v1/status/?consumer_key=ck_1', '/index.php/wp-json/rcv/v1/status', '/?rest_route=/rcv/v1/status', '/?rest_route=%2Frcv%2Fv1%2Fstatus&oauth_nonce=1', '//wp-json/rcv/v1/status' ) as $address ) {
		yes( $opens( $address ), $address );
	}
	$others = array(
		'/wp-json/rcv/v1/other', '/wp-json/rcv/v1/status/more', '/wp-json/wp/v2/users?x=/wp-json/rcv/v1/status', '/wp-json/wp/v2/users/wp-json/rcv/v1/status',
		'/wp-json/rcv/v1/status?rest_route=/wp/v2/users', '/?rest_route=/wp/v2/users&x=?rest_route=/rcv/v1/status', '/?rest_route[]=/rcv/v1/status', '/shop/', '', '///',
	);
	foreach ( $others as $address ) {
		no( $opens( $address ), $address );
	}
	no( $opens( '/wp-json/rcv/v1/status', 'POST' ) );
	yes( apply_filters( 'woocommerce_rest_is_request_to_rest_api', true ), 'what WooCommerce opens stays open' );
}

function test_whoever_opens_a_shared_session_does_not_continue_somebody_elses_basket() {
	shop_is( 'consent', 'NL' );
	puts_in();
	types_in_block( ADA );
	ticks_in_block();
	$hers = WC()->session->get( 'rcv_cart' );
	pushes();
	$copied = WC()->session->kept;

	World::visitor();
	WC()->session->kept = $copied + array( 'previous_customer_id' => 't_hers' );
	puts_in( 17 );
	puts_in( 13 );

	$told = pushes();
	same( 1, count( $told ) );
	same( null, $told[0]['data']['email'] );
	no( $told[0]['data']['cart'] === $hers );
	same( $told[0]['data']['cart'], WC()->session->get( 'rcv_cart' ), 'and keeps one name of its own' );
}

function test_uninstalling_leaves_nothing() {
	global $wpdb;
	puts_in();
	( World::$registered['activate'] )();
	yes( World::$registered['uninstall'] );
	World::$user_meta[7] = array( '_rcv_consent' => array( 'state' => 'granted' ), '_wc_other/rcv/marketing-opt-in' => '1' );

	( World::$registered['uninstall'] )();

	same( array( 'blogname' ), array_keys( World::$options ) );
	same( array(), World::$user_meta );
	same( array(), World::$actions );
	no( isset( $wpdb->tables['wp_rcv_carts'] ) );
}

function test_an_update_is_taken_only_from_who_holds_the_secret() {
	$news   = json_encode( array( 'version' => '9.0.0', 'package' => Mandje\CONFIGURATION['updates'] . 'tok/mandje.zip', 'settings' => array( 'mode' => 'notice', 'countries' => array( 'NL' ), 'box' => 'Nieuw', 'text_version' => 'notice:9' ) ) );
	$hook   = 'update_plugins_' . parse_url( Mandje\CONFIGURATION['updates'], PHP_URL_HOST );
	World::$answers = array( array( 'status' => 200, 'headers' => array( 'x-rcv-signature' => 'wrong' ), 'body' => $news ) );
	same( false, apply_filters( $hook, false, array(), 'mandje/mandje.php' ) );
	no( World::$options['rcv_settings'] ?? null );
	same( false, apply_filters( $hook, false, array(), 'other/other.php' ) );

	$stamp          = (string) time();
	World::$answers = array( array( 'status' => 200, 'headers' => array( 'x-rcv-signature' => base64_encode( hash_hmac( 'sha256', "$stamp.$news", Mandje\Signature::key( SECRET ), true ) ) ), 'body' => $news ) );
	$update         = apply_filters( $hook, false, array(), 'mandje/mandje.php' );

	same( array( '9.0.0', Mandje\CONFIGURATION['updates'] . 'tok/mandje.zip' ), array( $update['version'], $update['package'] ) );
	same( array( 'notice', 'Nieuw', 'notice:9' ), array( Mandje\Configuration::get( 'mode' ), Mandje\Words::box(), Mandje\Words::version() ) );
}

// --- never breaking the shop ---

function test_whatever_breaks_in_here_stays_in_here() {
	global $wpdb;
	$wpdb = new class() {
		public $prefix = 'wp_';
		public function __call( $name, $given ) {
			throw new Error( 'the database is gone, ada@shopper.example' );
		}
	};
	World::$options['rcv_table'] = '1';
	WC()->session->cookie        = true;
	WC()->cart->add_to_cart( 13 );
	do_action( 'woocommerce_checkout_create_order', new Order(), array() );
	do_action( 'woocommerce_checkout_order_processed', 1, array(), new Order() );
	do_action( 'woocommerce_thankyou', 1 );
	do_action( 'wp_loaded' );
	Mandje\Basket::$ordered = false;
	Mandje\Basket::$changed = true;
	do_action( 'shutdown' );
	do_action( 'rcv_push' );
	same( array( 'x' ), apply_filters( 'woocommerce_valid_webhook_events', array( 'x' ) ) === array( 'x', 'updated' ) ? array( 'x' ) : null );

	yes( count( World::$log ) >= 2 );
	same( false, strpos( json_encode( World::$log ), 'shopper' ), 'a log holds no words of shoppers' );
}

function test_without_woocommerce_nothing_happens() {
	World::$woocommerce = null;
	Mandje\Basket::$changed = true;
	$_GET['rcv']            = 'x.y';
	do_action( 'wp_loaded' );
	do_action( 'shutdown' );
	do_action( 'woocommerce_thankyou', 1 );

	same( array(), World::$log );
}
